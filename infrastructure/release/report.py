"""Prints a release plan: as lines with signs, as Markdown, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Iterable, Iterator

from infrastructure.release.plan import ReleasePlan
from infrastructure.release.rows import (
    CHANGE,
    CREATE,
    DELETE,
    REPLACE,
    SAME,
    STOP,
    Row,
    rows,
    summary,
)
from utils.reports.differences import Difference

if TYPE_CHECKING:
    from rich.text import Text

MAXIMUM_DETAILS = 12
"""The number of details shown for one item. JSON has all of them."""
STYLES = {
    CREATE: "green",
    CHANGE: "yellow",
    REPLACE: "bold red",
    DELETE: "red",
    SAME: "dim",
    STOP: "bold red",
}


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
