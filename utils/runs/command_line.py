"""Command lines: `python -m flows.x` with a flow's parameters, and apps of commands."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, Sequence, get_origin

from prefect import Flow
from prefect.settings import PREFECT_API_URL

from utils.errors import ClearError
from utils.errors.told_once import SHORT
from utils.redaction.texts import redact
from utils.runs.logging import console_handler
from utils.runs.prefect_server import awaited_server, protect_temporary_server

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError, Token
    from rich.console import Console, RenderableType


# Wait for a server that is being restarted. At a wrong address a person waits, too.
SECONDS_TO_COME_BACK = 30.0


def run_from_command_line(
    flow: Flow[..., Any], arguments: Sequence[str] | None = None
) -> None:
    """Run a flow with options made from its signature, and print its result.

    Args:
        flow: Flow to run. Its docstring becomes the text of `--help`.
        arguments: Command-line arguments, the process's own by default.

    Raises:
        SystemExit: 1 if the flow failed, 2 if an option is wrong, 130 after Ctrl-C.
    """
    from cyclopts import App, Parameter
    from rich.console import Console

    app = App(
        name=f"python -m flows.{flow.name}",
        default_command=flow,
        version_flags=(),
        group_parameters="Options",
        group_commands="Help",
        result_action="return_value",
        error_formatter=option_error,
        default_parameter=Parameter(converter=_convert),
    )
    command, bound, _ = app.parse_args(arguments)
    if command is not flow:  # --help
        command(*bound.args, **bound.kwargs)
        return

    console, errors = Console(), Console(stderr=True)
    if PREFECT_API_URL.value() is None:
        errors.print(
            "Starting Prefect's temporary server, half a minute on a slow machine. To"
            " skip that, keep `uv run python -m infrastructure.local_server` open in"
            " another terminal and set PREFECT_PROFILE=data-platform.",
            style="dim",
            soft_wrap=True,
        )
    protect_temporary_server()
    _hide_tracebacks_of_clear_errors()
    try:
        with awaited_server(
            lambda line: errors.print(line, style="dim", soft_wrap=True),
            SECONDS_TO_COME_BACK,
        ):
            pass
        result = flow(*bound.args, **bound.kwargs)
    except Exception as error:
        _print_error(errors, str(error) or type(error).__name__)
        sys.exit(1)
    except KeyboardInterrupt:
        _print_error(errors, "Interrupted. Run it again to finish.")
        sys.exit(130)
    if result is None:
        return
    if console.is_terminal:
        console.print(result, crop=False)
    else:
        print(result)


def _print_error(console: Console, message: str) -> None:
    """Print a panel in a terminal, and a line for `grep` in a pipe."""
    message = redact(message)
    if console.is_terminal:
        console.print(_panel(message))
    else:
        print(f"error: {message}", file=sys.stderr)


def command_line(module: str, help: str | None = None) -> App:
    """Return an app without commands, whose errors are shown as those of flows.

    Args:
        module: Module that `python -m` runs.
        help: Text above the commands; by default that of the app's only function.
    """
    from cyclopts import App

    return App(
        name=f"python -m {module}",
        help=help,
        version_flags=(),
        error_formatter=option_error,
        result_action="return_value",
    )


def run_commands(app: App) -> None:
    """Run a command of an app. Print a ClearError without its traceback.

    Args:
        app: Commands and their options.

    Raises:
        SystemExit: 1 if the command failed, 2 if an option is wrong.
    """
    from rich.console import Console

    try:
        app()
    except ClearError as error:
        _print_error(Console(stderr=True), str(error))
        sys.exit(1)


def option_error(error: CycloptsError) -> RenderableType:
    """Return a wrong option's message, pydantic's without its type, value and link."""
    from pydantic import ValidationError

    message = str(error)
    if isinstance(error.__cause__, ValidationError):
        option = error.argument.name if error.argument else "an option"
        reasons = [each["msg"] for each in error.__cause__.errors()]
        message = f"Invalid value for {option}. {'; '.join(reasons)}."
    return _panel(message)


def _convert(hint: Any, tokens: Sequence[Token] | dict[str, Sequence[Token]]) -> Any:
    """Convert an option's value. Read a dict as JSON: cyclopts makes texts of all values."""
    from cyclopts import convert

    if get_origin(hint) is not dict:
        # cyclopts declares other tokens for `convert` than for converters
        return convert(hint, tokens)  # type: ignore[arg-type]
    if isinstance(tokens, dict):  # --option.key value
        raise ValueError("Give keys and values as JSON in one option, '{\"key\": 1}'.")
    try:
        return json.loads(tokens[0].value)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def _hide_tracebacks_of_clear_errors() -> None:
    """Shorten the console's log. The run in Prefect keeps messages and tracebacks."""
    if handler := console_handler():
        formatter = handler.formatter or logging.Formatter()
        handler.setFormatter(_ClearErrorFormatter(formatter))


class _ClearErrorFormatter(logging.Formatter):
    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self._formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        # The command ends with the message. A task in another thread fails beside others,
        # maybe long before.
        if threading.current_thread() is threading.main_thread():
            if short := getattr(record, SHORT, None):
                record = logging.makeLogRecord(record.__dict__ | {"msg": short})
                record.args = None
        if record.exc_info and isinstance(record.exc_info[1], ClearError):
            record = logging.makeLogRecord(record.__dict__)
            record.exc_info = record.exc_text = None
        return self._formatter.format(record)


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
