"""Command line of releases: `python -m infrastructure.release`."""

from __future__ import annotations

import json
import zoneinfo
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from infrastructure.release.apply import (
    apply_deployments,
    apply_rollback,
    apply_stack,
)
from infrastructure.release.git import Clone
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.planning import plan_release, plan_rollback, plan_since
from infrastructure.release.report import as_data, lines, markdown, table
from utils.runs.command_line import command_line, run_commands
from utils.runs.prefect_server import prefect_server

STACK = "data-platform"

app = command_line(
    "infrastructure.release",
    "Release the checked-out commit to production, or roll back a release.",
)


@app.command
def plan(
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    summary: Path | None = None,
    base: str | None = None,
    stack: str = STACK,
) -> None:
    """Show what a release would change in production, and change nothing.

    Args:
        as_json: Print JSON instead of a table.
        summary: File to which the plan is appended as Markdown.
        base: Commit that production is assumed to have. Needs neither AWS nor Prefect.
        stack: Name of production's CloudFormation stack.
    """
    clone = _clone()
    if base:
        found = plan_since(clone, clone.commit(base))
    else:
        with prefect_server() as client:
            found = plan_release(clone, stack, client, pool_needed=False)
    if summary:
        with summary.open("a") as file:
            file.write(markdown(found))
    if as_json:
        print(json.dumps(as_data(found), indent=2))
    else:
        _print(found)


@app.command
def apply(
    part: Literal["stack", "deployments"] | None = None,
    *,
    lose: tuple[str, ...] = (),
    stack: str = STACK,
) -> None:
    """Change what differs in production, and nothing else. The image must exist.

    Args:
        part: Part to change alone. Between the two `python -m blocks apply` updates the
            work pool from the stack's outputs.
        lose: Resource of the stack's template that may be replaced or deleted although it
            holds data, such as a log group. Repeat it for several.
        stack: Name of production's CloudFormation stack.
    """
    with prefect_server() as client:
        clone = _clone()
        found = plan_release(clone, stack, client, pool_needed=part != "stack")
        _print(found)
        if part != "deployments":
            apply_stack(found, client, lose)
        if part != "stack":
            apply_deployments(found, client)


@app.command
def rollback(*, stack: str = STACK) -> None:
    """Restore the release before the latest one: image, deployments, schedules.

    The stack keeps its template. The worker gets its old image if the release changed it.

    Args:
        stack: Name of production's CloudFormation stack.
    """
    with prefect_server() as client:
        found = plan_rollback(_clone(), stack, client)
        _print(found)
        apply_rollback(found, client)


def _clone() -> Clone:
    """Return the clone in the current directory, and warn of uncommitted files."""
    clone = Clone(Path.cwd())
    if files := clone.uncommitted():
        listed = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
        warning = f"Not committed, so not part of the release: {listed}"
        Console(stderr=True).print(warning, style="dim", markup=False, soft_wrap=True)
    return clone


def _print(plan: ReleasePlan) -> None:
    console = Console()
    if console.is_terminal:
        console.print(table(plan), crop=False)
    else:
        print(lines(plan))


if __name__ == "__main__":
    # Prefect validates each schedule's time zone against all that exist. To list the
    # system's takes 15 ms each time, to list those of the package tzdata none.
    zoneinfo.reset_tzpath(to=())
    run_commands(app)
