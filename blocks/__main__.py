"""Command line of Prefect's work pools and blocks: `python -m blocks plan` and `apply`."""

from __future__ import annotations

from rich.console import Console

from blocks.parts import Part, managed_objects
from blocks.plan import BlocksPlan
from utils.runs.command_line import command_line, run_commands
from utils.runs.prefect_server import prefect_server

app = command_line(
    "blocks",
    "Manage Prefect's work pools and blocks from the code and the stack's outputs.",
)


@app.command
def plan(part: Part = "production", *, stack: str = "data-platform") -> None:
    """Show what `apply` would create or update, and change nothing.

    Args:
        part: Part to compare. `dev` needs no AWS, and a server without production's.
        stack: Name of production's CloudFormation stack.
    """
    with prefect_server() as client:
        _print(BlocksPlan.of(managed_objects(part, stack), client))


@app.command
def apply(part: Part = "production", *, stack: str = "data-platform") -> None:
    """Create and update what differs, and nothing else.

    Args:
        part: Part to change. `dev` needs no AWS, and a server without production's.
        stack: Name of production's CloudFormation stack.
    """
    with prefect_server() as client:
        _print(BlocksPlan.of(managed_objects(part, stack), client).carry_out(client))


def _print(plan: BlocksPlan) -> None:
    console = Console()
    console.print(plan, crop=False) if console.is_terminal else print(plan)


if __name__ == "__main__":
    run_commands(app)
