"""The run's log: a logger that works anywhere, and dlt's lines beside the flow's own."""

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

# Loggers of the code beneath the flows, which does not know Prefect.
LOGGERS_BENEATH_FLOWS = ("dlt", "pipelines", "sources", "utils")

RunLogger = logging.Logger | logging.LoggerAdapter


def get_logger() -> RunLogger:
    """The run's logger within a flow or task; outside of one, the console's."""
    try:
        return get_run_logger()
    except MissingContextError:
        ensure_logging_setup()
        return get_prefect_logger("flows")


def console_handler() -> PrefectConsoleHandler | None:
    """What Prefect writes its log to the console with, if it does."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            return handler
    return None


@contextmanager
def run_log() -> Iterator[None]:
    """Send what dlt and our own modules log to the run's log, from any thread.

    Prefect's `PREFECT_LOGGING_EXTRA_LOGGERS` finds the run by a context variable, which
    dlt's worker threads do not have: it would drop their lines with a warning. Here such
    a line goes to the load that runs, or to each if several do in this process.
    """
    with _to_runs.receiving(get_logger()):
        yield


class _ToRuns(logging.Handler):
    """Passes records on to the loggers of runs, under their own name."""

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
            getattr(run, "logger", run).handle(copy)

    def _install(self) -> None:
        self._before.clear()
        for name in LOGGERS_BENEATH_FLOWS:
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
