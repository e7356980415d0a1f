"""Cancels a run's queries when the run ends, whichever thread they run in.

A run that is stopped, or whose time is up, waits for its threads. The threads wait in
psycopg2 for the database's answer, so that only cancelling the queries ends them.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Iterator

from utils.errors import ClearError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection


class RunEnds(ClearError):
    """The error of a query whose run ends."""


class _Queries:
    """The connections of one run, on which queries are in progress."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.end = threading.Event()


# Prefect gives tasks the context variables of the flow that submitted them.
_queries: ContextVar[_Queries] = ContextVar("queries", default=_Queries())


@contextmanager
def queries_end_here() -> Iterator[None]:
    """Cancel the queries that are in progress at the block's end, and refuse new ones."""
    import psycopg2

    queries = _Queries()
    before = _queries.set(queries)
    try:
        yield
    finally:
        _queries.reset(before)
        queries.end.set()
        while queries.connections:
            for connection in tuple(queries.connections):
                with suppress(psycopg2.Error):  # it has just been closed
                    connection.cancel()
            time.sleep(0.1)


@contextmanager
def running_query(connection: Connection) -> Iterator[None]:
    """Let other threads cancel the connection's query during this block."""
    queries = _queries.get()
    queries.connections.add(connection)
    try:
        raise_if_run_ends()
        yield
    finally:
        queries.connections.discard(connection)


def raise_if_run_ends() -> None:
    """Raise RunEnds between two parts of a query, where there is nothing to cancel."""
    if _queries.get().end.is_set():
        raise RunEnds("Cancelled, because the run ends.")
