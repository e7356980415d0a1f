"""Queries that do not outlive the run that asked them, whichever thread they run in.

A run that is stopped, or whose time is up, waits for its threads. They wait in psycopg2
for the database, and nothing but its answer wakes them: it has to be told to cancel.
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
    """The run that asked ends. Its queries are cancelled."""


class _Queries:
    """The connections of one run."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.end = threading.Event()


# Prefect's tasks have the context variables of the flow that submitted them.
_queries: ContextVar[_Queries] = ContextVar("queries", default=_Queries())


@contextmanager
def queries_end_here() -> Iterator[None]:
    """Let no query that was begun in this block go on beyond it, nor another begin."""
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
    """While in this block, the connection's query can be cancelled from another thread."""
    queries = _queries.get()
    queries.connections.add(connection)
    try:
        raise_if_run_ends()
        yield
    finally:
        queries.connections.discard(connection)


def raise_if_run_ends() -> None:
    """To be called between the parts of a query, where there is nothing to cancel."""
    if _queries.get().end.is_set():
        raise RunEnds("Cancelled, because the run ends.")
