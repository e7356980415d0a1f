"""The run's log: a logger for any place, and dlt's lines beside the flow's own."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import Iterator

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger as get_prefect_logger
from prefect.logging import get_run_logger
from prefect.logging.configuration import ensure_logging_setup
from prefect.logging.handlers import PrefectConsoleHandler

# Loggers of the code below the flows, which knows nothing of Prefect.
LOGGERS_BELOW_FLOWS = ("dlt", "pipelines", "sources", "utils")

RunLogger = logging.Logger | logging.LoggerAdapter


def get_logger() -> RunLogger:
    """Return the run's logger in a flow or task, and the console's outside of one."""
    try:
        return get_run_logger()
    except MissingContextError:
        ensure_logging_setup()
        return get_prefect_logger("flows")


def console_handler() -> PrefectConsoleHandler | None:
    """Return the handler with which Prefect logs to the console, if there is one."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            return handler
    return None


@contextmanager
def run_log() -> Iterator[None]:
    """Send the log lines of dlt and of our own modules to the run's log.

    Prefect's `PREFECT_LOGGING_EXTRA_LOGGERS` finds the run by a context variable. dlt's
    worker threads lack it, and their lines would be dropped with a warning. Here a line
    without a run goes to every load that is in progress in this process.
    """
    with _to_runs.receiving(get_logger()):
        yield


class _ToRuns(logging.Handler):
    """A handler that passes records, with their own names, to the loggers of runs."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[RunLogger] = []
        self._before: list[tuple[logging.Logger, list[logging.Handler], int, bool]] = []
        self._change = threading.Lock()

    @contextmanager
    def receiving(self, run: RunLogger) -> Iterator[None]:
        with self._change:
            self._runs.append(run)
            if len(self._runs) == 1:
                self._install()
        try:
            yield
        finally:
            with self._change:
                self._runs.remove(run)
                if not self._runs:
                    self._restore()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            runs = [get_run_logger()]
        except MissingContextError:
            runs = list(self._runs)
        for run in runs:
            of_run = getattr(run, "extra", None) or {}
            copy = logging.makeLogRecord({**record.__dict__, **of_run})
            logger = run.logger if isinstance(run, logging.LoggerAdapter) else run
            logger.handle(copy)

    def _install(self) -> None:
        self._before.clear()
        for name in LOGGERS_BELOW_FLOWS:
            logger = logging.getLogger(name)
            state = (logger, logger.handlers, logger.level, logger.propagate)
            self._before.append(state)
            logger.handlers, logger.propagate = [self], False
            if name != "dlt":  # dlt's level is set in .dlt/config.toml
                logger.setLevel(logging.INFO)

    def _restore(self) -> None:
        for logger, handlers, level, propagate in self._before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


_to_runs = _ToRuns()
