"""`python -m blocks plan` and `apply`: shows what differs on Prefect's server, and changes it."""

from __future__ import annotations

from cyclopts import App
from rich.console import Console

from blocks.parts import Part, resources_of
from blocks.plan import Plan
from utils.prefect_server import prefect_server
from utils.runs.command_line import option_error, run_commands

app = App(
    name="python -m blocks",
    help="Prefect's work pools and blocks, as the code and the stack's outputs say.",
    version_flags=(),
    error_formatter=option_error,
    result_action="return_value",
)


@app.command
def plan(part: Part | None = None, *, stack: str = "data-platform") -> None:
    """Show what would be created or changed, and change nothing.

    Args:
        part: Only this one. `dev` needs no AWS.
        stack: The CloudFormation stack of production.
    """
    with prefect_server() as client:
        _print(Plan.of(resources_of(part, stack), client))


@app.command
def apply(part: Part | None = None, *, stack: str = "data-platform") -> None:
    """Create and change what differs, and nothing else.

    Args:
        part: Only this one. `dev` needs no AWS.
        stack: The CloudFormation stack of production.
    """
    with prefect_server() as client:
        _print(Plan.of(resources_of(part, stack), client).carry_out(client))


def _print(plan: Plan) -> None:
    console = Console()
    console.print(plan, crop=False) if console.is_terminal else print(plan)


if __name__ == "__main__":
    run_commands(app)
