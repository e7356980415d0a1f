"""Tells a run's error once in its log, and how it ended if that was no error.

Prefect logs an error as the end of the task, as what the flow encountered, and as the end
of the flow. The first line keeps the message. The traceback stays; a clear error's ends
without the message. Of a run that somebody cancels it says that it finished as running.
"""

from __future__ import annotations

import ast
import logging
import re
import threading
from collections import defaultdict
from traceback import format_exception

from utils.errors import ClearError

FLOWS, TASKS = "prefect.flow_runs", "prefect.task_runs"
# "Finished in state Failed('Task run encountered an exception ApiError: ...')"
END = re.compile(r"(Finished in state \w+)\((.*?)(?:, type=\w+)?\)", re.DOTALL)
RUNNING = re.compile(r"Finished in state (Running|Retrying)\(\)")
# A flow's has a colon, and a task's has none.
PREFIX = re.compile(r"(Flow|Task) run encountered an exception:? ")
SHORT = "short"

_told: dict[str, set[str]] = defaultdict(set)
"""What the log of each run has told, by the run's id."""
_change = threading.Lock()


def tell_errors_once() -> None:
    """Shorten what the loggers of Prefect's runs repeat."""
    for name in (FLOWS, TASKS):
        logging.getLogger(name).addFilter(shorten)


def shorten(record: logging.LogRecord) -> bool:
    """Take from the record the message of an error that its run has told; drop none.

    One that tells an error has its text without the message as its attribute SHORT.
    """
    run, text = str(getattr(record, "flow_run_id", None)), record.getMessage()
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, Exception):
        name = type(error).__name__
        message = f"{name}: {error}"
        is_told = _is_told(run, message)
        if isinstance(error, ClearError):
            short = text.replace(repr(error), name)
            setattr(record, SHORT, short)
            record.msg = short if is_told else text.replace(repr(error), message)
            record.args = None
            # as a formatter would write it, which takes this text instead
            lines = "".join(format_exception(error)).rstrip()
            record.exc_text = lines.removesuffix(str(error)).rstrip(": ")
    elif running := RUNNING.fullmatch(text):
        record.msg = f"Ended while {running[1]}: cancelled, or ended from outside"
    elif end := END.fullmatch(text):
        if message := _unquoted(end[2]):
            setattr(record, SHORT, end[1])
            if _is_told(run, PREFIX.sub("", message, count=1)):
                record.msg, record.args = end[1], None
        if record.name == FLOWS:  # the run's last line
            with _change:
                _told.pop(run, None)
    return True


def _is_told(run: str, message: str) -> bool:
    """Return whether the run has told this before, and remember that it has now."""
    with _change:
        if message in _told[run]:
            return True
        _told[run].add(message)
        return False


def _unquoted(literal: str) -> str:
    """Return the text that `repr` has quoted, an empty one if it is none."""
    try:
        return str(ast.literal_eval(literal)) if literal else ""
    except (SyntaxError, ValueError):
        return ""
