"""Holds a DuckDB warehouse's file for a whole run, and says who holds it when it cannot.

DuckDB lets one process at a time write to a file. dlt opens and closes it at every step
and answers a locked one by questioning the credentials.
"""

from __future__ import annotations

import logging
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator

import dlt

from utils.destinations.kind import kind_of
from utils.errors import ClearError

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
SECONDS_BETWEEN_ATTEMPTS = 0.5


class WarehouseFileError(ClearError):
    """The DuckDB file cannot be opened. Nothing was loaded."""


@contextmanager
def hold_duckdb_file(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Keep the pipeline's DuckDB file open, so that no other process comes between steps.

    Waits at most `WAIT_SECONDS` for another process. Does nothing for other destinations.

    Raises:
        WarehouseFileError: naming the file, and who holds it or what else is wrong.
    """
    if not is_duckdb(pipeline):
        yield
        return

    client = pipeline.sql_client()
    _open(client)
    try:
        yield
    finally:
        client.close_connection()


def is_duckdb(pipeline: dlt.Pipeline) -> bool:
    """Whether the pipeline's destination is a DuckDB file."""
    return kind_of(pipeline) == "duckdb"


def _open(client: SqlClientBase) -> None:
    from dlt.destinations.exceptions import DestinationConnectionError

    file = client.credentials.database
    deadline = time.monotonic() + WAIT_SECONDS
    warned = False
    while True:
        try:
            client.open_connection()
            return
        except DestinationConnectionError as error:
            holder = _holder(error.inner_exc)
            if holder is None:
                raise WarehouseFileError(
                    f"{file} cannot be opened: {error.inner_exc}. Nothing was loaded."
                ) from None
        if time.monotonic() > deadline:
            raise WarehouseFileError(
                f"{file} is held by {holder}, for longer than {WAIT_SECONDS:.0f} s."
                " DuckDB lets one process write to a file: close it there, or end that"
                " process, then run again. Nothing was loaded."
            )
        if not warned:
            logger.warning(
                "%s is held by %s; waiting at most %.0f s", file, holder, WAIT_SECONDS
            )
            warned = True
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)


def _holder(error: BaseException) -> str | None:
    """Who holds the file, as DuckDB's message has it; None for any other error."""
    held = r'Could not set lock on file ".*": (?:Conflicting lock is held in )?(.+?)\. '
    match = re.search(held, str(error))
    return match and match[1]
