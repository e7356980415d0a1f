"""Waits for locks in a PostgreSQL warehouse: they end, and say who is in the way."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Iterator

import dlt

from utils.destinations.kind import kind_of
from utils.errors import ClearError
from utils.errors.postgres import LOCK_NOT_AVAILABLE
from utils.errors.transient import with_causes

if TYPE_CHECKING:
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials

# Longer than queries that come and go, shorter than a transaction that was forgotten.
LOCK_TIMEOUT = "60s"

HOLDERS = """
SELECT DISTINCT relname || ' by process ' || pid || coalesce(' from ' || client_addr, '')
    || ', ' || state || ' since ' || date_trunc('second', state_change)
FROM pg_locks
JOIN pg_stat_activity USING (pid)
JOIN pg_class ON pg_class.oid = relation
WHERE granted AND pid <> pg_backend_pid() AND relkind IN ('r', 'p', 'v')
AND relnamespace IN (to_regnamespace(%s), to_regnamespace(%s))
ORDER BY 1
"""


class TableLocked(ClearError):
    """Another session holds a table of the destination for too long."""


def with_lock_timeout(credentials: PostgresCredentials) -> PostgresCredentials:
    """Let all connections of dlt wait for a lock no longer than `LOCK_TIMEOUT`.

    Where the credentials' own options have another `lock_timeout`, it is that.
    """
    query = dict(credentials.query or {})
    # of two options of one name PostgreSQL takes the later
    options = f"-clock_timeout={LOCK_TIMEOUT} {query.get('options', '')}".strip()
    # SQLAlchemy writes a space into a URL as +, which libpq takes for a plus. PostgreSQL
    # takes a tab for a space, unless there is a backslash before it.
    query["options"] = re.sub(r"(?<!\\) ", "\t", options)
    credentials.query = query
    return credentials


@contextmanager
def waits_are_told(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Say who holds the table that the destination was waiting for.

    Raises:
        TableLocked: from dlt's error, which may be tried again.
    """
    try:
        yield
    except ClearError:
        raise
    except Exception as error:
        codes = (getattr(each, "pgcode", None) for each in with_causes(error))
        if kind_of(pipeline) != "postgres" or LOCK_NOT_AVAILABLE not in codes:
            raise
        raise TableLocked(
            f"Another session locks a table of {pipeline.dataset_name} in the destination"
            f" {pipeline.destination.destination_name} for too long:"
            f" {_holders(pipeline) or 'it has ended meanwhile'}. End that session's"
            " transaction, or wait for it: pg_stat_activity and pg_locks tell more."
        ) from error


def _holders(pipeline: dlt.Pipeline) -> str:
    from dlt.destinations.exceptions import DatabaseException

    with suppress(DatabaseException), pipeline.sql_client() as client:
        names = client.dataset_name, client.staging_dataset_name
        return "; ".join(text for (text,) in client.execute_sql(HOLDERS, *names))
    return ""
