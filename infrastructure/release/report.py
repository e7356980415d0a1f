"""Prints a release plan: as lines with signs, as Markdown, as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

from infrastructure.release.images import tag_of
from infrastructure.release.plan import ReleasePlan, Update
from infrastructure.release.stack import IMAGE_PARAMETER
from infrastructure.release.stack.resource_changes import Action, ResourceChange
from utils.reports.differences import Difference
from utils.reports.phrases import counted

if TYPE_CHECKING:
    from rich.text import Text

MAXIMUM_DETAILS = 12
"""The number of details shown for one item. JSON has all of them."""
CREATE, CHANGE, REPLACE, DELETE, SAME, STOP = "+", "~", "-/+", "-", "", "!"
WORDS = {
    CREATE: "to create",
    CHANGE: "to change",
    REPLACE: "to replace",
    DELETE: "to delete",
}
STYLES = {
    CREATE: "green",
    CHANGE: "yellow",
    REPLACE: "bold red",
    DELETE: "red",
    SAME: "dim",
    STOP: "bold red",
}
SIGN_OF: dict[Action, str] = {
    "delete": DELETE,
    "replace": REPLACE,
    "may replace": REPLACE,
    "create": CREATE,
    "update": CHANGE,
}


@dataclass(frozen=True)
class Row:
    """An item of production and what happens to it."""

    sign: str
    item: str
    details: tuple[Row, ...] = ()


def rows(plan: ReleasePlan) -> Iterator[Row]:
    """Yield one row per planned change, and short ones for what stays unchanged."""
    for text in (*plan.notes, *plan.objections):
        yield Row(STOP, text)
    yield _image(plan)
    yield _stack(plan)
    yield from _stacks_by_hand(plan)
    new = {each.flow for each in plan.create} - {
        each.planned.flow for each in plan.update
    }
    code = {flow: files for flow, files in plan.flows.items() if flow not in new}
    for names, files in _grouped(code):
        yield Row(CHANGE, f"code of {names}", _details(files))
    created = {
        each.full_name: ", ".join(map(_timing, each.fields["schedules"]))
        for each in plan.create
    }
    for names, timings in _grouped(created):
        yield Row(CREATE, f"deployment {names}" + (f": {timings}" if timings else ""))
    updates = {each.planned.full_name: tuple(_changes(each)) for each in plan.update}
    for names, changes in _grouped(updates):
        yield Row(CHANGE, f"deployment {names}", _details(changes))
    for each in plan.delete:
        yield Row(DELETE, f"deployment {each.full_name}")
    for name, schedule in plan.schedules_removed:
        yield Row(DELETE, f"schedule of {name}: {_timing(schedule)}")
    if plan.unchanged:
        yield Row(SAME, f"{counted(len(plan.unchanged), 'deployment')} unchanged")
    yield from _losses(plan)


def _losses(plan: ReleasePlan) -> Iterator[Row]:
    for each in plan.stack_change.resources or ():
        if each.loss:
            text = f"LOST: {each.name}, {each.loss}. `apply` refuses that without"
            yield Row(STOP, f"{text} `--lose {each.name}`.")
    for stack in plan.by_hand:
        for each in stack.resources or ():
            if each.loss and each.kept != "whole":
                text = f"LOST with {stack.name}: {each.name}, {each.loss}."
                yield Row(STOP, text)


def _image(plan: ReleasePlan) -> Row:
    item = f"image {_short(plan.image.name)}"
    if not plan.image.why:
        return Row(SAME, f"{item} unchanged")
    sign, word = (CREATE, "to be built") if plan.image.build else (CHANGE, "is there")
    return Row(sign, f"{item}, {word}", _details(plan.image.why))


def _stack(plan: ReleasePlan) -> Row:
    change = plan.stack_change
    details = tuple(_parts(change.resources, change.differences))
    if change.unknown:
        unknown = f"CloudFormation does not say more: {change.unknown}"
        details = (Row(STOP, unknown), *details)
    if not details:
        return Row(SAME, f"stack {plan.stack.name} unchanged")
    return Row(CHANGE, f"stack {plan.stack.name}", details)


def _stacks_by_hand(plan: ReleasePlan) -> Iterator[Row]:
    for stack in plan.by_hand:
        details = tuple(_parts(stack.resources, stack.differences))
        if stack.unknown:
            yield Row(SAME, f"stack {stack.name} not compared: {stack.unknown}")
        elif details:
            rights = tuple(Row(CREATE, f"right {each}") for each in stack.new_rights)
            command = Row(SAME, f"A person runs: {stack.command}")
            yield Row(STOP, f"stack {stack.name}", (*rights, *details, command))


def summary(plan: ReleasePlan) -> str:
    """Return the plan's counts in one line."""
    resources = plan.stack_change.resources
    signs = Counter(map(_sign, resources or ()))
    if resources is None and plan.stack_change.differences:
        signs[CHANGE] += 1
    signs[CREATE] += plan.image.build + len(plan.create)
    signs[CHANGE] += len(plan.update)
    signs[DELETE] += len(plan.delete) + len(plan.schedules_removed)
    commit = plan.commit[:12]
    counts = [
        f"{sign}{signs[sign]} {word}" for sign, word in WORDS.items() if signs[sign]
    ]
    by_hand = [
        f"deploy {each.name} by hand" for each in plan.by_hand if each.differences
    ]
    if not plan.changes and not by_hand:
        return f"Nothing to change: production already matches commit {commit}."
    told = ", ".join([*counts, *by_hand]) or "the stack alone"
    return f"Release of commit {commit}: {told}."


def in_production(plan: ReleasePlan) -> str:
    """Return in one line what production has after the plan was carried out."""
    count = len(plan.create) + len(plan.update) + len(plan.unchanged)
    return (
        f"Production now has commit {plan.commit[:12]}: {counted(count, 'deployment')} in"
        f" the image {_short(plan.image.name)}, and the stack {plan.stack.name}."
    )


def lines(plan: ReleasePlan, width: int = 0) -> str:
    """Return the plan as plain lines.

    Args:
        plan: Plan to show.
        width: Number of columns at which lines are broken. Zero: they are not, as in logs.
    """
    text = [line for row in rows(plan) for _, line in _lines(row, width)]
    return "\n".join([*text, "", *_broken(summary(plan), "", width)])


def coloured(plan: ReleasePlan, width: int) -> Text:
    """Return the same lines with colours by their sign, for terminals."""
    from rich.text import Text

    text = Text()
    for row in rows(plan):
        for sign, line in _lines(row, width):
            text.append(f"{line}\n", style=STYLES[sign])
    return text.append("\n".join(["", *_broken(summary(plan), "", width)]), "bold")


def markdown(plan: ReleasePlan) -> str:
    """Return the plan as Markdown, for the summary of a job on GitHub."""
    marks = {REPLACE: DELETE, CHANGE: STOP, SAME: " "}
    text = [
        f"{marks.get(sign, sign)} {line}"
        for row in rows(plan)
        for sign, line in _lines(row, 0)
    ]
    # GitHub colours the lines of a diff by their first character.
    return "\n".join([f"**{summary(plan)}**", "", "````diff", *text, "````", ""])


def _lines(row: Row, width: int, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield a row's lines and its details', each with its sign."""
    margin = f"{' ' * 4 * depth}{row.sign:>3} "
    for line in _broken(f"{margin}{row.item}", " " * len(margin), width):
        yield row.sign, line
    for each in row.details[:MAXIMUM_DETAILS]:
        yield from _lines(each, width, depth + 1)
    if (more := len(row.details) - MAXIMUM_DETAILS) > 0:
        yield from _lines(Row(SAME, f"and {more} more"), width, depth + 1)


def _broken(line: str, margin: str, width: int) -> list[str]:
    if not width or len(line) <= width:
        return [line]
    return wrap(line, width, subsequent_indent=margin, break_on_hyphens=False)


def as_data(plan: ReleasePlan) -> dict[str, Any]:
    """Return the whole plan as data for JSON."""
    resources = plan.stack_change.resources
    return {
        "commit": plan.commit,
        "changes": plan.changes,
        "notes": list(plan.notes),
        "objections": list(plan.objections),
        "image": asdict(plan.image),
        "stack": {
            "name": plan.stack.name,
            "processor": plan.stack.processor,
            "changes": bool(plan.stack_change.differences),
            "differences": _as_data(plan.stack_change.differences),
            "resources": resources and [asdict(each) for each in resources],
        },
        "stacks_by_hand": [asdict(each) for each in plan.by_hand],
        "deployments": {
            "create": [each.full_name for each in plan.create],
            "update": {
                each.planned.full_name: _as_data(each.differences)
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


def _as_data(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """Return differences with their real values, as far as anyone may read them."""
    return [
        {"field": each.field, "old": each.values[0], "new": each.values[1]}
        for each in differences
    ]


def _timing(schedule: Mapping[str, Any]) -> str:
    cron = " ".join(str(schedule.get(key, "")) for key in ("cron", "timezone"))
    # An interval that somebody set by hand has neither.
    timing = cron.strip() or str(schedule)
    return timing if schedule.get("active", True) else f"{timing}, not active"


def _grouped(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names that share something, in one text, with that."""
    groups: dict[Any, list[str]] = {}
    for name, shared in found.items():
        groups.setdefault(shared, []).append(name)
    for shared, names in groups.items():
        yield ", ".join(names), shared


def _details(texts: Iterable[str]) -> tuple[Row, ...]:
    return tuple(Row(SAME, each) for each in texts)


def _changes(update: Update) -> Iterator[str]:
    """Yield a line per difference. A moved schedule and the parameters' schema have one."""
    schema_changes, moved = 0, update.schedules_moved
    for old, new in moved:
        yield f"schedule {_timing(old)} -> {_timing(new)}"
    for each in update.differences:
        if each.field == "job_variables.image":
            yield f"image {_short(each.old)} -> {_short(each.new)}"
        elif each.field.startswith("parameter_openapi_schema."):
            schema_changes += 1
        elif not (moved and each.field.startswith("schedules.")):
            yield str(each)
    if schema_changes:
        yield f"parameter schema: {counted(schema_changes, 'change')}"


def _parts(
    resources: tuple[ResourceChange, ...] | None, differences: Iterable[Difference]
) -> Iterator[Row]:
    """Yield a row per resource, then the other parts of the template that differ."""
    for each in resources or ():
        if each.loss or not each.follows:
            yield Row(_sign(each), str(each))
    if following := [
        each.name for each in resources or () if each.follows and not each.loss
    ]:
        yield Row(REPLACE, f"with it {', '.join(following)}")
    for part in dict.fromkeys(map(_part, differences)):
        if resources is None or not part.startswith("Resources."):
            yield Row(CHANGE, part)


def _sign(change: ResourceChange) -> str:
    return CHANGE if change.is_revision else SIGN_OF[change.action]


def _part(difference: Difference) -> str:
    """Return the part of the template that differs, such as `Resources.WorkerTask`."""
    if difference.field == IMAGE_PARAMETER:
        old, new = _short(difference.old), _short(difference.new)
        return f"the worker's image {old} -> {new}"
    return ".".join(difference.field.split(".")[:2])


def _short(image: str) -> str:
    """Return an image's tag with its parts shortened."""
    return "-".join(part[:12] for part in tag_of(image).split("-")) or "none"
