"""`python -m infrastructure.release plan`, `apply` and `rollback`: a commit, into production."""

from __future__ import annotations

import json
import zoneinfo
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from prefect.client.orchestration import SyncPrefectClient
from rich.console import Console

from infrastructure.release.apply import (
    apply_deployments,
    apply_rollback,
    apply_stack,
)
from infrastructure.release.content import Content
from infrastructure.release.git import Clone
from infrastructure.release.job_variables import (
    check_job_variables,
    check_planned_job_variables,
)
from infrastructure.release.plan import Plan
from infrastructure.release.prefect_file import PrefectFileError, read_prefect_file
from infrastructure.release.production import Production
from infrastructure.release.releases import Release, read_releases
from infrastructure.release.report import as_data, lines, markdown, table
from infrastructure.release.stack import PlatformStack
from utils.errors import ClearError
from utils.prefect_server import prefect_server
from utils.runs.command_line import option_error, run_commands

STACK = "data-platform"

app = App(
    name="python -m infrastructure.release",
    help="Brings the commit that is checked out into production, or takes it back.",
    version_flags=(),
    error_formatter=option_error,
    result_action="return_value",
)


@app.command
def plan(
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
    summary: Path | None = None,
    base: str | None = None,
    stack: str = STACK,
) -> None:
    """Show what would change in production, and change nothing.

    Args:
        as_json: Print JSON instead of a table.
        summary: Add it as Markdown to this file, too.
        base: Compare with what this commit would have in production. That takes neither
            AWS nor Prefect.
        stack: The CloudFormation stack of production.
    """
    clone = _clone()
    if base:
        found = _plan_since(clone, clone.commit(base))
    else:
        with prefect_server() as client:
            found = _plan(clone, stack, client, pool_needed=False)
    if summary:
        with summary.open("a") as file:
            file.write(markdown(found))
    if as_json:
        print(json.dumps(as_data(found), indent=2))
    else:
        _print(found)


@app.command
def apply(
    part: Literal["stack", "deployments"] | None = None, *, stack: str = STACK
) -> None:
    """Change what differs, and nothing else. The commit's image has to be there.

    Args:
        part: Only this one. Between the two `python -m blocks apply` fits the work pool to
            the stack.
        stack: The CloudFormation stack of production.
    """
    with prefect_server() as client:
        clone = _clone()
        found = _plan(clone, stack, client, pool_needed=part != "stack")
        _print(found)
        if part != "deployments":
            apply_stack(found, client)
        if part != "stack":
            apply_deployments(found, client)


@app.command
def rollback(*, stack: str = STACK) -> None:
    """Put the release before the latest one back: image, deployments, schedules.

    Of the stack only the worker's image goes back, if it was moved.

    Args:
        stack: The CloudFormation stack of production.
    """
    with prefect_server() as client:
        releases = read_releases(client)
        if len(releases) < 2:
            raise ClearError(
                "There is no release before the latest one. Nothing was changed. Revert"
                " the commit instead, and release that."
            )
        clone = _clone()
        found = _plan(clone, stack, client, pool_needed=True, back_to=releases[1])
        _print(found)
        apply_rollback(found, client)


def _clone() -> Clone:
    clone = Clone(Path.cwd())
    if files := clone.uncommitted():
        told = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
        said = f"Not committed, and so none of the release: {told}"
        Console(stderr=True).print(said, style="dim", markup=False, soft_wrap=True)
    return clone


def _plan(
    clone: Clone,
    stack_name: str,
    client: SyncPrefectClient,
    *,
    pool_needed: bool,
    back_to: Release | None = None,
) -> Plan:
    commit = clone.commit(back_to.commit if back_to else "HEAD")
    try:
        file = read_prefect_file(clone.text(commit, "prefect.yaml"))
        names = {each.name for each in file.production}
        with ThreadPoolExecutor() as executor:  # both take seconds
            reading = executor.submit(Content.of, clone, commit, file)
            stack = PlatformStack.named(stack_name)
            production = Production.read(client, stack, clone, commit, names, back_to)
            content = reading.result()
        if not back_to:
            _not_older(clone, commit, production.latest)
        content.check({stack.work_pool})
        if not back_to:  # the work pool may be another one since, and Prefect takes it
            check_job_variables(content, client, stack, pool_needed)
    except PrefectFileError as error:
        if back_to:
            raise ClearError(
                f"The commit {commit}, to put back: {error}\nNothing was changed. Check it"
                " out, run uv sync, and run this again there."
            ) from error
        raise
    return Plan.of(content, production, back_to)


def _not_older(clone: Clone, commit: str, latest: str) -> None:
    """A workflow of an older push may be run again, by mistake."""
    if clone.is_before(commit, latest):
        raise ClearError(
            f"The commit {commit} is older than {latest}, which was released since. Nothing"
            " was changed. `rollback` puts the release before the latest one back. Or"
            " revert what came since, and release that."
        )


def _plan_since(clone: Clone, base: str) -> Plan:
    content = Content.of(clone, clone.commit())
    try:
        before = Content.of(clone, base).with_flows_of(content)
    except PrefectFileError as error:
        raise ClearError(f"The commit {base}, to compare with: {error}") from error
    production = Production.as_released(before, clone)
    # Which pool production really has, only Prefect knows.
    pools = {each.work_pool.name for each in before.file.production}
    stack = PlatformStack.made_from(production.stack.name, content.template, "")
    content.check({*pools, stack.work_pool})
    check_planned_job_variables(content, stack)
    return Plan.of(content, production)


def _print(plan: Plan) -> None:
    console = Console()
    if console.is_terminal:
        console.print(table(plan), crop=False)
    else:
        print(lines(plan))


if __name__ == "__main__":
    # Prefect holds each schedule's time zone beside all that there are. To list those of the
    # system takes 15 ms each time, those of the package tzdata none.
    zoneinfo.reset_tzpath(to=())
    run_commands(app)
