"""Command line of releases: `python -m infrastructure.release`."""

from __future__ import annotations

import json
import zoneinfo
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Iterator, Literal

from cyclopts import Parameter
from prefect.client.orchestration import SyncPrefectClient
from rich.console import Console

from infrastructure.release.apply import Application, give_way
from infrastructure.release.git import Clone
from infrastructure.release.images import read_content
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.planning import plan_release, plan_rollback, plan_since
from infrastructure.release.releases import Superseded, check_latest
from infrastructure.release.report import as_data, coloured, lines, markdown
from infrastructure.release.rows import in_production
from infrastructure.release.stack import FIRST_PROCESSOR
from utils.errors import ClearError
from utils.runs.command_line import command_line, run_commands
from utils.runs.prefect_server import prefect_server

STACK = "data-platform"
Processor = Literal["X86_64", "ARM64"]

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
    renewal: str = "",
    stack: str = STACK,
) -> None:
    """Show what a release would change in production, and change nothing.

    Args:
        as_json: Print JSON instead of a table.
        summary: File to which the plan is appended as Markdown.
        base: Commit that production is assumed to have. Needs neither AWS nor Prefect.
        renewal: Time for which to build the image again, with the newest patches.
        stack: Name of production's CloudFormation stack.
    """
    clone = _clone()
    if base:
        found = plan_since(clone, clone.commit(base))
    else:
        with prefect_server() as client:
            found = plan_release(
                clone, stack, client, pool_needed=False, renewal=renewal
            )
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
    anyway: bool = False,
    lose: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    renewal: str = "",
    stack: str = STACK,
) -> None:
    """Change what differs in production, and nothing else. The image must exist.

    Args:
        part: Part to change alone. Between the two `python -m blocks apply` updates the
            work pool from the stack's outputs.
        anyway: Release what the plan objects to.
        lose: Resource of the stack's template that may be replaced or deleted although it
            holds data, such as a log group. Repeat it for several.
        renewal: Time for which the image was built again.
        stack: Name of production's CloudFormation stack.
    """
    with prefect_server() as client:
        clone = _clone()
        found = plan_release(
            clone, stack, client, pool_needed=part != "stack", renewal=renewal
        )
        _print(found)
        if found.objections and not anyway:
            raise ClearError(
                f"{' '.join(found.objections)} Nothing was changed. With `--anyway` it is"
                " released nevertheless."
            )
        with _carried_out(found, client, clone) as application:
            if part != "deployments":
                application.change_stack(lose)
            if part != "stack":
                application.change_deployments()
                application.finish()
    if part != "stack":
        _say(in_production(found))


@app.command
def rollback(*, stack: str = STACK) -> None:
    """Restore the release before the latest one: image, deployments, schedules.

    The stack keeps its template. The worker gets its old image if the release changed it.

    Args:
        stack: Name of production's CloudFormation stack.
    """
    with prefect_server() as client:
        clone = _clone()
        found = plan_rollback(clone, stack, client)
        _print(found)
        with _carried_out(found, client, clone) as application:
            application.begin()
            # These take seconds, the worker minutes.
            application.change_deployments()
            application.change_stack()
            application.finish()
    _say(in_production(found))


@app.command
def image_tag(*, processor: Processor = FIRST_PROCESSOR) -> None:
    """Print the tag of the checked-out commit's image.

    Args:
        processor: Processor that the image is built for.
    """
    clone = _clone()
    print(read_content(clone, clone.commit(), processor))


@contextmanager
def _carried_out(
    plan: ReleasePlan, client: SyncPrefectClient, clone: Clone
) -> Iterator[Application]:
    application = Application(plan, client, _say)
    try:
        try:
            yield application
        except ClearError:
            if application.release:
                # Another release may be why.
                check_latest(client, application.release)
            raise
    except Superseded as error:
        give_way(error, application, clone)
        raise


def _say(line: str) -> None:
    print(line, flush=True)


def _clone() -> Clone:
    """Return the clone around the current directory, and warn of uncommitted files."""
    folders = [Path.cwd(), *Path.cwd().parents]
    has_file = (each for each in folders if (each / "prefect.yaml").is_file())
    clone = Clone(next(has_file, Path.cwd()))
    if files := clone.uncommitted():
        listed = ", ".join(files[:5]) + (", ..." if len(files) > 5 else "")
        warning = f"Not committed, so not part of the release: {listed}"
        Console(stderr=True).print(warning, style="dim", markup=False, soft_wrap=True)
    return clone


def _print(plan: ReleasePlan) -> None:
    console = Console()
    if console.is_terminal:
        console.print(coloured(plan, console.width), crop=False)
    else:
        print(lines(plan))


if __name__ == "__main__":
    # Prefect validates each schedule's time zone against all that exist. To list the
    # system's takes 15 ms each time, to list those of the package tzdata none.
    zoneinfo.reset_tzpath(to=())
    run_commands(app)
