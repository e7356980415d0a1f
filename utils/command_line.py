"""`python -m flows.x`: runs a flow with its parameters as command-line options."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Sequence

from prefect import Flow
from prefect.settings import PREFECT_API_URL

if TYPE_CHECKING:
    from cyclopts import CycloptsError
    from rich.console import RenderableType


def run_from_command_line(
    flow: Flow[..., Any], arguments: Sequence[str] | None = None
) -> None:
    """Run the flow with options made from its signature, and print what it returns.

    Args:
        flow: Its docstring is the text of `--help`, parameters included.
        arguments: Those of the process unless given.

    Raises:
        SystemExit: with 1 if the flow failed, with 2 if an option does not fit.
    """
    from cyclopts import App
    from rich.console import Console

    app = App(
        name=f"python -m flows.{flow.name}",
        default_command=flow,
        version_flags=(),
        group_parameters="Options",
        group_commands="Help",
        result_action="return_value",
        error_formatter=_in_plain_words,
    )
    command, bound, _ = app.parse_args(arguments)
    if command is not flow:  # --help
        command(*bound.args, **bound.kwargs)
        return

    errors, console = Console(stderr=True), Console()
    if PREFECT_API_URL.value() is None:
        errors.print(
            "Starting Prefect's temporary server, half a minute on a slow machine. To"
            " skip that, keep `uv run prefect server start` open in another terminal"
            " and set PREFECT_API_URL=http://127.0.0.1:4200/api.",
            style="dim",
            soft_wrap=True,
        )
    try:
        result = flow(*bound.args, **bound.kwargs)
    except Exception as error:
        errors.print(_panel(str(error) or type(error).__name__))
        sys.exit(1)
    if result is not None:
        console.print(result, crop=False) if console.is_terminal else print(result)


def _in_plain_words(error: CycloptsError) -> RenderableType:
    """A bad option's message; pydantic's, four lines and a link, becomes its core."""
    from pydantic import ValidationError

    message = str(error)
    if isinstance(error.__cause__, ValidationError):
        option = error.argument.name
        reasons = [each["msg"] for each in error.__cause__.errors()]
        message = f"Invalid value for {option}. {'; '.join(reasons)}."
    return _panel(message)


def _panel(message: str) -> RenderableType:
    from rich import box
    from rich.panel import Panel
    from rich.text import Text

    return Panel(
        Text(message),
        title="Error",
        title_align="left",
        border_style="red",
        box=box.ROUNDED,
    )
