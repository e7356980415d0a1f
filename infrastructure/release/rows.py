"""Rows of a release plan: what happens to each item of production, with a sign."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from infrastructure.release.images import tag_of
from infrastructure.release.plan import ReleasePlan, Update
from infrastructure.release.stack import IMAGE_PARAMETER
from infrastructure.release.stack.resource_changes import Action, ResourceChange
from utils.reports.differences import Difference
from utils.reports.phrases import counted

CREATE, CHANGE, REPLACE, DELETE, SAME, STOP = "+", "~", "-/+", "-", "", "!"
WORDS = {
    CREATE: "to create",
    CHANGE: "to change",
    REPLACE: "to replace",
    DELETE: "to delete",
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
