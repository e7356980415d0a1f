"""Shows a plan: as lines, as a table, as Markdown, as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

from infrastructure.release.images import commit_of
from infrastructure.release.plan import Plan
from infrastructure.release.stack import IMAGE_PARAMETER
from utils.differences import Difference

if TYPE_CHECKING:
    from rich.table import Table

SHOWN = 12
"""The most lines of details that people are shown of one thing. JSON has all."""
STYLES = {"build": "cyan", "create": "green", "change": "yellow", "delete": "red"}


@dataclass(frozen=True)
class Row:
    """What becomes of one thing."""

    what: str
    becomes: str
    details: tuple[str, ...] = ()


def rows(plan: Plan) -> Iterator[Row]:
    """Of all that is to be done, and of what stays in short."""
    image = f"image {_short(plan.image.name)}"
    if plan.image.why:
        yield Row(image, "build" if plan.image.build else "ready", plan.image.why)
    else:
        yield Row(image, "same")
    parts = tuple(dict.fromkeys(map(_part, plan.stack_change.differences)))
    yield Row(f"stack {plan.stack.name}", "change" if parts else "same", parts)
    yield from _alike("flow", "other code", plan.flows)
    for each in plan.create:
        schedules = each.fields["schedules"]
        yield Row(
            f"deployment {each.full_name}", "create", tuple(map(_when, schedules))
        )
    changes = {
        each.wanted.full_name: tuple(_lines(each.differences)) for each in plan.update
    }
    yield from _alike("deployment", "change", changes)
    for each in plan.delete:
        yield Row(f"deployment {each.full_name}", "delete")
    for name, schedule in plan.schedules_removed:
        yield Row(f"schedule of {name}", "delete", (_when(schedule),))
    if plan.unchanged:
        yield Row(_count(len(plan.unchanged), "deployment"), "same")


def summary(plan: Plan) -> str:
    """One line."""
    counts = (
        (len(plan.create), "to create"),
        (len(plan.update), "to change"),
        (len(plan.delete), "to delete"),
    )
    steps = [
        *(["an image to build"] if plan.image.build else []),
        *(["the stack to change"] if plan.stack_change.differences else []),
        *(
            f"{_count(number, 'deployment')} {word}"
            for number, word in counts
            if number
        ),
    ]
    commit = plan.commit[:12]
    if not steps:
        return f"Nothing to do: commit {commit} changes nothing."
    return f"To bring commit {commit} into production: {', '.join(steps)}."


def lines(plan: Plan) -> str:
    """For logs."""
    text = [
        line
        for row in rows(plan)
        for line in (
            f"{row.what.replace(chr(10), ', ')}: {row.becomes}",
            *(f"  {detail}" for detail in _some(row.details)),
        )
    ]
    return "\n".join([*text, summary(plan)])


def table(plan: Plan) -> Table:
    """For a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, caption=summary(plan), caption_justify="left")
    table.add_column("What", overflow="fold")
    table.add_column("Becomes")
    table.add_column("Details", overflow="fold")
    for row in rows(plan):
        style = STYLES.get(row.becomes, "dim")
        details = "\n".join(_some(row.details))
        table.add_row(Text(row.what), Text(row.becomes, style=style), Text(details))
    return table


def markdown(plan: Plan) -> str:
    """For the summary of a job on GitHub."""
    text = ["| What | Becomes | Details |", "|---|---|---|"]
    for row in rows(plan):
        cells = (row.what, row.becomes, "\n".join(_some(row.details)))
        text.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([f"**{summary(plan)}**", "", *text, ""])


def as_data(plan: Plan) -> dict[str, Any]:
    """For programs: all of it, as JSON has it."""
    return {
        "commit": plan.commit,
        "changes": plan.changes,
        "image": asdict(plan.image),
        "stack": {
            "name": plan.stack.name,
            "changes": bool(plan.stack_change.differences),
            "differences": [asdict(each) for each in plan.stack_change.differences],
        },
        "deployments": {
            "create": [each.full_name for each in plan.create],
            "update": {
                each.wanted.full_name: [asdict(one) for one in each.differences]
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


def _when(schedule: Mapping[str, Any]) -> str:
    when = " ".join(str(schedule.get(key, "")) for key in ("cron", "timezone"))
    told = when.strip() or str(schedule)  # somebody's interval
    return told if schedule.get("active", True) else f"{told}, not active"


def _alike(
    kind: str, becomes: str, details: Mapping[str, tuple[str, ...]]
) -> Iterator[Row]:
    """One row for all of which the same is told."""
    names: dict[tuple[str, ...], list[str]] = {}
    for name, told in details.items():
        names.setdefault(told, []).append(f"{kind} {name}")
    for told, found in names.items():
        yield Row("\n".join(found), becomes, told)


def _lines(found: Iterable[Difference]) -> Iterator[str]:
    """One a difference, but for what has a line of its own."""
    schemas = 0
    for each in found:
        if each.field == "job_variables.image":
            yield f"image: {_short(each.old)} -> {_short(each.new)}"
        elif each.field.startswith("parameter_openapi_schema."):
            schemas += 1
        elif each.field != "version":  # the image's commit once more
            yield str(each)
    if schemas:
        yield f"the schema of its parameters, in {_count(schemas, 'place')}"


def _part(difference: Difference) -> str:
    """`Resources.WorkerTask` of a longer path."""
    if difference.field == IMAGE_PARAMETER:
        old, new = _short(difference.old), _short(difference.new)
        return f"the worker's image: {old} -> {new}"
    return ".".join(difference.field.split(".")[:2])


def _short(image: str) -> str:
    return commit_of(image)[:12] or "none"


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _some(details: tuple[str, ...]) -> Iterator[str]:
    yield from details[:SHOWN]
    if len(details) > SHOWN:
        yield f"and {len(details) - SHOWN} more"


def _cell(text: str) -> str:
    """No character of it is Markdown's, or HTML's."""
    from html import escape

    for special in "\\|`*_[]~#":
        text = text.replace(special, f"\\{special}")
    return escape(text, quote=False).replace("\n", "<br>")
