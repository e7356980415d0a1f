"""Holds a DuckDB warehouse's file for a whole run, and says who holds it when it cannot.

DuckDB lets one process at a time write to a file. dlt opens and closes it at every step
and answers a locked one by questioning the credentials.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import Iterator

import dlt

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0


class WarehouseFileHeld(RuntimeError):
    """Another process kept the DuckDB file for longer than a run waits."""


@contextmanager
def hold_duckdb_file(
    pipeline: dlt.Pipeline, wait_seconds: float = WAIT_SECONDS
) -> Iterator[None]:
    """Keep the pipeline's DuckDB file open, so that no other process comes between steps.

    Does nothing for other destinations.

    Raises:
        WarehouseFileHeld: after `wait_seconds`, naming the file and who holds it.
    """
    if not pipeline.destination.destination_type.endswith(".duckdb"):
        yield
        return

    from dlt.destinations.exceptions import DestinationConnectionError
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

    client = pipeline.sql_client()
    file = client.credentials.database
    attempts = Retrying(
        retry=retry_if_exception(lambda error: _holder(error) is not None),
        stop=stop_after_delay(wait_seconds),
        wait=wait_fixed(0.5),
        before_sleep=lambda attempt: attempt.attempt_number == 1
        and logger.warning(
            "%s is held by %s; waiting at most %.0f s",
            file,
            _holder(attempt.outcome.exception()),
            wait_seconds,
        ),
        reraise=True,
    )
    try:
        attempts(client.open_connection)
    except DestinationConnectionError as error:
        if holder := _holder(error):
            raise WarehouseFileHeld(
                f"{file} is held by {holder}, for longer than {wait_seconds:.0f} s."
                " DuckDB lets one process write to a file: close it there, or end that"
                " process, then run again. Nothing was loaded."
            ) from None
        raise
    try:
        yield
    finally:
        client.close_connection()


def _holder(error: BaseException) -> str | None:
    """Who holds the file, as DuckDB's message has it; None for any other error."""
    held = r'Could not set lock on file ".*": (?:Conflicting lock is held in )?(.+?)\. '
    match = re.search(held, str(error))
    return match and match[1]
