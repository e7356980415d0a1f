"""Prints a release plan: as lines, as a table, as Markdown, as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

from infrastructure.release.images import commit_of
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.stack import IMAGE_PARAMETER
from infrastructure.release.stack.resource_changes import ResourceChange
from utils.reports.differences import Difference
from utils.reports.phrases import counted

if TYPE_CHECKING:
    from rich.table import Table

MAXIMUM_DETAILS = 12
"""The number of details shown for one item. JSON has all of them."""
STYLES = {"build": "cyan", "create": "green", "update": "yellow", "delete": "red"}


@dataclass(frozen=True)
class Row:
    """An item of production and the action planned for it."""

    item: str
    action: str
    details: tuple[str, ...] = ()


def rows(plan: ReleasePlan) -> Iterator[Row]:
    """Yield one row per planned change, and short ones for what stays unchanged."""
    image = f"image {_short(plan.image.name)}"
    if plan.image.why:
        yield Row(image, "build" if plan.image.build else "use", plan.image.why)
    else:
        yield Row(image, "unchanged")
    change = plan.stack_change
    parts = tuple(_parts(change.resources, change.differences))
    if change.unknown:
        parts = (f"CloudFormation does not say more: {change.unknown}", *parts)
    yield Row(f"stack {plan.stack.name}", "update" if parts else "unchanged", parts)
    for stack in plan.by_hand:
        if stack.unknown:
            yield Row(f"stack {stack.name}", "not compared", (stack.unknown,))
        elif parts := tuple(_parts(stack.resources, stack.differences)):
            rights = (f"new right: {each}" for each in stack.new_rights)
            details = (f"run by hand: {stack.command}", *rights, *parts)
            yield Row(f"stack {stack.name}", "by hand", details)
    yield from _grouped("flow", "new code", plan.flows)
    for each in plan.create:
        timings = tuple(map(_timing, each.fields["schedules"]))
        yield Row(f"deployment {each.full_name}", "create", timings)
    updates = {
        each.planned.full_name: tuple(_changes(each.differences))
        for each in plan.update
    }
    yield from _grouped("deployment", "update", updates)
    for each in plan.delete:
        yield Row(f"deployment {each.full_name}", "delete")
    for name, schedule in plan.schedules_removed:
        yield Row(f"schedule of {name}", "delete", (_timing(schedule),))
    if plan.unchanged:
        yield Row(counted(len(plan.unchanged), "deployment"), "unchanged")


def summary(plan: ReleasePlan) -> str:
    """Return the plan's actions in one line."""
    counts = (
        ("create", len(plan.create)),
        ("update", len(plan.update)),
        ("delete", len(plan.delete)),
    )
    actions = [
        *(["build the image"] if plan.image.build else []),
        *(["update the stack"] if plan.stack_change.differences else []),
        *(
            f"{action} {counted(number, 'deployment')}"
            for action, number in counts
            if number
        ),
        *(f"deploy {each.name} by hand" for each in plan.by_hand if each.differences),
    ]
    commit = plan.commit[:12]
    if not actions:
        return f"Nothing to change: production already matches commit {commit}."
    return f"Release of commit {commit}: {', '.join(actions)}."


def lines(plan: ReleasePlan) -> str:
    """Return the plan as plain lines, for logs."""
    text = [
        line
        for row in rows(plan)
        for line in (
            f"{row.item.replace(chr(10), ', ')}: {row.action}",
            *(f"  {detail}" for detail in _shortened(row.details)),
        )
    ]
    return "\n".join([*text, summary(plan)])


def table(plan: ReleasePlan) -> Table:
    """Return the plan as a table, for terminals."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, caption=summary(plan), caption_justify="left")
    table.add_column("Item", overflow="fold")
    table.add_column("Action")
    table.add_column("Details", overflow="fold")
    for row in rows(plan):
        style = STYLES.get(row.action, "dim")
        details = "\n".join(_shortened(row.details))
        table.add_row(Text(row.item), Text(row.action, style=style), Text(details))
    return table


def markdown(plan: ReleasePlan) -> str:
    """Return the plan as Markdown, for the summary of a job on GitHub."""
    text = ["| Item | Action | Details |", "|---|---|---|"]
    for row in rows(plan):
        cells = (row.item, row.action, "\n".join(_shortened(row.details)))
        text.append(f"| {' | '.join(map(_markdown_cell, cells))} |")
    return "\n".join([f"**{summary(plan)}**", "", *text, ""])


def as_data(plan: ReleasePlan) -> dict[str, Any]:
    """Return the whole plan as data for JSON."""
    return {
        "commit": plan.commit,
        "changes": plan.changes,
        "image": asdict(plan.image),
        "stack": {
            "name": plan.stack.name,
            "processor": plan.stack.processor,
            "changes": bool(plan.stack_change.differences),
            "differences": [asdict(each) for each in plan.stack_change.differences],
            "resources": asdict(plan.stack_change)["resources"],
        },
        "stacks_by_hand": [asdict(each) for each in plan.by_hand],
        "deployments": {
            "create": [each.full_name for each in plan.create],
            "update": {
                each.planned.full_name: [asdict(one) for one in each.differences]
                for each in plan.update
            },
            "delete": [each.full_name for each in plan.delete],
            "unchanged": [each.full_name for each in plan.unchanged],
        },
        "flows": {flow: list(files) for flow, files in plan.flows.items()},
        "schedules_removed": [
            {"deployment": name, **schedule}
            for name, schedule in plan.schedules_removed
        ],
    }


def _timing(schedule: Mapping[str, Any]) -> str:
    cron = " ".join(str(schedule.get(key, "")) for key in ("cron", "timezone"))
    # An interval that somebody set by hand has neither.
    timing = cron.strip() or str(schedule)
    return timing if schedule.get("active", True) else f"{timing}, not active"


def _grouped(
    kind: str, action: str, details: Mapping[str, tuple[str, ...]]
) -> Iterator[Row]:
    """Yield one row for all names with the same details."""
    items: dict[tuple[str, ...], list[str]] = {}
    for name, shared in details.items():
        items.setdefault(shared, []).append(f"{kind} {name}")
    for shared, group in items.items():
        yield Row("\n".join(group), action, shared)


def _changes(found: Iterable[Difference]) -> Iterator[str]:
    """Yield a line per difference. Those of the parameters' schema share one."""
    schema_changes = 0
    for each in found:
        if each.field == "job_variables.image":
            yield f"image: {_short(each.old)} -> {_short(each.new)}"
        elif each.field.startswith("parameter_openapi_schema."):
            schema_changes += 1
        elif each.field != "version":  # The image's commit, once more.
            yield str(each)
    if schema_changes:
        yield f"parameter schema: {counted(schema_changes, 'change')}"


def _parts(
    resources: tuple[ResourceChange, ...] | None, differences: Iterable[Difference]
) -> Iterator[str]:
    """Yield a line per resource, then the other parts of the template that differ."""
    yield from map(str, resources or ())
    for part in dict.fromkeys(map(_part, differences)):
        if resources is None or not part.startswith("Resources."):
            yield part


def _part(difference: Difference) -> str:
    """Return the part of the template that differs, such as `Resources.WorkerTask`."""
    if difference.field == IMAGE_PARAMETER:
        old, new = _short(difference.old), _short(difference.new)
        return f"the worker's image: {old} -> {new}"
    return ".".join(difference.field.split(".")[:2])


def _short(image: str) -> str:
    return commit_of(image)[:12] or "none"


def _shortened(details: tuple[str, ...]) -> Iterator[str]:
    yield from details[:MAXIMUM_DETAILS]
    if len(details) > MAXIMUM_DETAILS:
        yield f"and {len(details) - MAXIMUM_DETAILS} more"


def _markdown_cell(text: str) -> str:
    """Return a cell's text with the characters of Markdown and HTML escaped."""
    from html import escape

    for special in "\\|`*_[]~#":
        text = text.replace(special, f"\\{special}")
    return escape(text, quote=False).replace("\n", "<br>")
