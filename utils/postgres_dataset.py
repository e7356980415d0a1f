"""Holds a dataset in PostgreSQL for a whole run: two loads at once would mix in its staging tables."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator

import dlt

from utils.errors import ClearError

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
SECONDS_BETWEEN_ATTEMPTS = 0.25

# An advisory lock of the session: it goes when the process does, however that ends.
TRY_TO_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
HOLDER = """
SELECT 'process ' || pid || coalesce(' from ' || client_addr, '') || ', since '
    || date_trunc('second', backend_start)
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted
AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)
"""


class DatasetHeld(ClearError):
    """Another run loads into the dataset. Nothing was loaded."""


@contextmanager
def hold_postgres_dataset(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Let no other run load into the pipeline's dataset, in whatever container.

    Waits at most `WAIT_SECONDS` for another run. Does nothing for other destinations.

    Raises:
        DatasetHeld: naming the dataset and the connection that holds it.
    """
    if not pipeline.destination.destination_type.endswith(".postgres"):
        yield
        return
    with pipeline.sql_client() as client:
        _lock(client, f"dlt dataset {pipeline.dataset_name}", pipeline.dataset_name)
        yield


def _lock(client: SqlClientBase[Any], key: str, dataset: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    warned = False
    while client.execute_sql(TRY_TO_LOCK, key) != [(True,)]:
        holder = "".join(text for (text,) in client.execute_sql(HOLDER, key))
        if time.monotonic() > deadline:
            raise DatasetHeld(
                f"Another run loads into {dataset}, for longer than {WAIT_SECONDS:.0f} s:"
                f" {holder}. Nothing was loaded. Run it again when the other has ended."
            )
        if not warned:
            logger.warning("Another run loads into %s: %s; waiting", dataset, holder)
            warned = True
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)
