"""Holds a dataset in PostgreSQL for a whole run: two loads at once would mix in its staging tables."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator

import dlt

from utils.destinations.kind import kind_of
from utils.errors import ClearError

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
SECONDS_BETWEEN_ATTEMPTS = 0.25

# An advisory lock of the session: it goes when the process does, however that ends.
TRY_TO_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
# Who has the lock, or writes: a killed run's last statement goes on in the server.
HOLDERS = """
SELECT DISTINCT 'process ' || pid || coalesce(' from ' || client_addr, '') || ', since '
    || date_trunc('second', backend_start)
FROM pg_locks
JOIN pg_stat_activity USING (pid)
LEFT JOIN pg_class ON pg_class.oid = relation
WHERE granted AND pid <> pg_backend_pid() AND (
    locktype = 'advisory'
    AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)
    OR pg_locks.mode = 'RowExclusiveLock' AND relkind = 'r'
    AND relnamespace IN (to_regnamespace(%s), to_regnamespace(%s))
)
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
    if kind_of(pipeline) != "postgres":
        yield
        return
    with pipeline.sql_client() as client:
        _lock(client)
        yield


def _lock(client: SqlClientBase[Any]) -> None:
    dataset, staging = client.dataset_name, client.staging_dataset_name
    key = f"dlt dataset {dataset}"
    deadline = time.monotonic() + WAIT_SECONDS
    locked = warned = False
    while True:
        locked = locked or client.execute_sql(TRY_TO_LOCK, key) == [(True,)]
        holders = client.execute_sql(HOLDERS, key, dataset, staging)
        if locked and not holders:
            return
        named = "; ".join(text for (text,) in holders)
        if time.monotonic() > deadline:
            raise DatasetHeld(
                f"Another run loads into {dataset}, for longer than {WAIT_SECONDS:.0f} s:"
                f" {named}. Nothing was loaded. Run it again when the other has ended."
            )
        if not warned:
            logger.warning("Another run loads into %s: %s; waiting", dataset, named)
            warned = True
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)
