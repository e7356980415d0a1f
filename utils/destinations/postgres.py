"""PostgreSQL, where two loads into a dataset at once would mix in its staging tables.

A wait for a lock has an end here, and its error names the session that holds the lock.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Iterator

import dlt

from utils.destinations.destination_type import DestinationType
from utils.destinations.views import View, replace_in_order
from utils.destinations.waiting import wait_until_free
from utils.dlt_internals import send_row_groups_to_postgres
from utils.errors import ClearError
from utils.errors.postgres import LOCK_NOT_AVAILABLE
from utils.errors.transient import with_causes
from utils.settings.errors import addresses_are_readable

if TYPE_CHECKING:
    from dlt.common.destination.reference import AnyDestination_CO
    from dlt.common.pipeline import LoadInfo
    from dlt.destinations.impl.postgres.configuration import PostgresCredentials
    from dlt.destinations.sql_client import SqlClientBase

# Longer than queries that come and go, shorter than a forgotten transaction.
LOCK_TIMEOUT = "60s"

# An advisory lock of the session: it goes when the process does, however that ends.
TRY_TO_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
# Sessions that have the lock, or write: a killed run's last statement goes on in the
# server.
DATASET_HOLDERS = """
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
TABLE_HOLDERS = """
SELECT DISTINCT relname || ' by process ' || pid || coalesce(' from ' || client_addr, '')
    || ', ' || state || ' since ' || date_trunc('second', state_change)
FROM pg_locks
JOIN pg_stat_activity USING (pid)
JOIN pg_class ON pg_class.oid = relation
WHERE granted AND pid <> pg_backend_pid() AND relkind IN ('r', 'p', 'v')
AND relnamespace IN (to_regnamespace(%s), to_regnamespace(%s))
ORDER BY 1
"""
# Rights of others than the view's owner, as statements that grant them again.
GRANTS = """
SELECT format(
    'GRANT %%s ON %%s TO %%s%%s', privilege_type, oid::regclass,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
    CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
)
FROM pg_class, aclexplode(relacl)
WHERE oid = to_regclass(%s) AND grantee <> relowner
"""


class TableLocked(ClearError):
    """A table of the destination is locked by another session for too long."""


class Postgres(DestinationType):
    """A warehouse in PostgreSQL."""

    def prepare_credentials(self, created: AnyDestination_CO) -> None:
        """Reject a misread address, and limit the wait for a lock in all connections."""
        with addresses_are_readable():
            config = created.configuration(None, accept_partial=True)
        credentials: Any = config.credentials
        # dlt reports what is missing when it connects.
        if credentials.is_resolved():
            created.config_params["credentials"] = _with_lock_timeout(credentials)

    @contextmanager
    def hold(self, pipeline: dlt.Pipeline) -> Iterator[None]:
        """Let no other run load into the dataset, in whatever container.

        Raises:
            DestinationHeld: Another run loads into the dataset for too long.
        """
        with pipeline.sql_client() as client:
            _lock_dataset(client)
            yield

    @contextmanager
    def explain_locks(self, pipeline: dlt.Pipeline) -> Iterator[None]:
        """Name the session that holds a table in an error about its lock.

        Raises:
            TableLocked: Another session locks a table. Its cause is worth a retry.
        """
        try:
            yield
        except Exception as error:
            causes = list(with_causes(error))
            codes = [getattr(each, "pgcode", None) for each in causes]
            # A ClearError has told of its own lock: in the source, for example.
            told = any(isinstance(each, ClearError) for each in causes)
            if told or LOCK_NOT_AVAILABLE not in codes:
                raise
            raise TableLocked(
                f"Another session locks a table of {pipeline.dataset_name} in the"
                f" destination {pipeline.destination.destination_name} for too long:"
                f" {_table_holders(pipeline) or 'it has ended meanwhile'}. End that"
                " session's transaction, or wait for it: pg_stat_activity and pg_locks"
                " tell more."
            ) from error

    def load(self, pipeline: dlt.Pipeline) -> LoadInfo:
        """Load one row group of a Parquet file at a time."""
        send_row_groups_to_postgres()
        return pipeline.load()

    def replace_view(self, pipeline: dlt.Pipeline, view: View) -> None:
        """Create or replace a view; its readers keep their rights.

        Raises:
            ViewInUse: The view has to be dropped, and other views depend on it.
            TableLocked: A reader of the view has not committed.
        """
        with self.explain_locks(pipeline), pipeline.sql_client() as client:
            replace_in_order(
                client, view, takes_columns_at_the_end=True, grants=_grants
            )


def _with_lock_timeout(credentials: PostgresCredentials) -> PostgresCredentials:
    """Limit the wait for a lock to `LOCK_TIMEOUT`, unless the credentials' options do."""
    query = dict(credentials.query or {})
    # of two options of one name PostgreSQL takes the later
    options = f"-clock_timeout={LOCK_TIMEOUT} {query.get('options', '')}".strip()
    # SQLAlchemy writes a space into a URL as +, which libpq takes for a plus. PostgreSQL
    # takes a tab for a space, unless there is a backslash before it.
    query["options"] = re.sub(r"(?<!\\) ", "\t", options)
    credentials.query = query
    return credentials


def _lock_dataset(client: SqlClientBase[Any]) -> None:
    dataset, staging = client.dataset_name, client.staging_dataset_name
    key = f"dlt dataset {dataset}"
    locked = False

    def holder() -> str | None:
        nonlocal locked
        locked = locked or client.execute_sql(TRY_TO_LOCK, key) == [(True,)]
        holders = client.execute_sql(DATASET_HOLDERS, key, dataset, staging) or []
        if locked and not holders:
            return None
        return "; ".join(text for (text,) in holders) or "another session"

    wait_until_free(
        f"The dataset {dataset}", holder, "Run it again when the other run has ended."
    )


def _table_holders(pipeline: dlt.Pipeline) -> str:
    """Return the sessions that hold tables of the dataset, empty if they have ended."""
    from dlt.destinations.exceptions import DatabaseException

    with suppress(DatabaseException), pipeline.sql_client() as client:
        names = client.dataset_name, client.staging_dataset_name
        holders = client.execute_sql(TABLE_HOLDERS, *names) or []
        return "; ".join(text for (text,) in holders)
    return ""


def _grants(client: SqlClientBase[Any], view: str) -> list[str]:
    """Return the statements that give a view's readers their rights again."""
    return [grant for (grant,) in client.execute_sql(GRANTS, view) or []]


POSTGRES = Postgres("postgres", drivers=("psycopg2",))
