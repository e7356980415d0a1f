"""The run's log: a logger that works anywhere, and dlt's lines beside the flow's own."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import Iterator

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger as get_prefect_logger
from prefect.logging import get_run_logger

# Loggers of the code beneath the flows, which does not know Prefect.
LOGGERS_BENEATH_FLOWS = ("dlt", "pipelines", "sources", "utils")

RunLogger = logging.Logger | logging.LoggerAdapter


def get_logger() -> RunLogger:
    """The run's logger within a flow or task; outside of one, the console's."""
    try:
        return get_run_logger()
    except MissingContextError:
        return get_prefect_logger("flows")


@contextmanager
def run_log() -> Iterator[RunLogger]:
    """Send what dlt and our own modules log to the run's log, from any thread.

    Prefect's `PREFECT_LOGGING_EXTRA_LOGGERS` finds the run by a context variable, which
    dlt's worker threads do not have: it would drop their lines with a warning.
    """
    run_logger = get_logger()
    handler = _ToRun(run_logger)
    loggers = [logging.getLogger(name) for name in LOGGERS_BENEATH_FLOWS]
    before = [(each, each.handlers, each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.handlers, each.propagate = [handler], False
        if each.name != "dlt":  # dlt's level is set in .dlt/config.toml
            each.setLevel(logging.INFO)
    try:
        yield run_logger
    finally:
        for each, handlers, level, propagate in before:
            each.handlers, each.level, each.propagate = handlers, level, propagate


class _ToRun(logging.Handler):
    """Passes records on to the run's logger, under their own name."""

    def __init__(self, run_logger: RunLogger) -> None:
        super().__init__()
        self._logger = getattr(run_logger, "logger", run_logger)
        self._run = getattr(run_logger, "extra", None) or {}

    def emit(self, record: logging.LogRecord) -> None:
        record.__dict__.update(self._run)
        self._logger.handle(record)
