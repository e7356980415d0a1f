"""The change feed of an application's products, as a dlt source.

The application writes a row into `raw_data.products` for each product that it inserts,
updates or deletes, and never changes such a row again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Iterator

import dlt
from dlt.common.schema.typing import TWriteDispositionConfig
from dlt.sources import DltResource

from sources.database_credentials import PostgresCredentials
from sources.lag import lag_of, start_before
from sources.postgres.snapshot import Snapshot, UnexpectedTable, postgres_snapshot
from utils.promises.declared import promise

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg2.sql import Composable

logger = logging.getLogger(__name__)

TABLE = ("raw_data", "products")
KEY = "audit_id"
CURSOR = "valid_ts"
# A shop with no change for so long has a broken feed.
FRESH = timedelta(days=3)
# An upsert costs about as much as a replace; `delete-insert` would write every row again.
MERGE: TWriteDispositionConfig = {"disposition": "merge", "strategy": "upsert"}


@dlt.source(name="products")
def products_source(
    full_refresh: bool = False,
    lag_hours: float = dlt.config.value,
    credentials: PostgresCredentials = dlt.secrets.value,
) -> DltResource:
    """Return the resource `products`: the changes since the last load, or all of them.

    Args:
        full_refresh: Read the whole table, and replace what was loaded of it.
        lag_hours: Hours before the latest `valid_ts` where the next load begins, for
            rows that are committed late.
        credentials: Credentials of the application's database.
    """

    lag = lag_of("sources.products.lag_hours", lag_hours)

    @dlt.resource(primary_key=KEY, write_disposition=MERGE)
    def products() -> Iterator[pa.Table]:
        state = dlt.current.resource_state()
        latest: datetime | None = None if full_refresh else state.get(CURSOR)
        since = start_before(latest, lag)
        with postgres_snapshot(credentials) as database:
            schema = _schema(database)
            _warn_of_lost_columns(schema)
            moment = database.moment
            if since is None:
                # creates the table, even if there are no rows yet
                yield dlt.mark.with_hints(
                    schema.empty_table(),
                    dlt.mark.make_hints(write_disposition="replace"),
                )
            query = _query(database, schema, since)
            for changes in database.rows(query, schema, ".".join(TABLE)):
                latest = _latest(changes, latest)
                yield changes
        if latest:
            # A row dated in the future would hide all rows before its day.
            state[CURSOR] = min(latest, moment)

    return promise(products, fresh=(CURSOR, FRESH), rows=True, not_null=["product_id"])


def _schema(database: Snapshot) -> pa.Schema:
    import pyarrow as pa

    schema = database.arrow_schema(*TABLE)
    for name in (KEY, CURSOR):
        if name not in schema.names:
            raise UnexpectedTable(
                f"{'.'.join(TABLE)} has no column {name}, but {', '.join(schema.names)}."
                " Nothing was loaded."
            )
    if not pa.types.is_temporal(schema.field(CURSOR).type):
        raise UnexpectedTable(
            f"Column {CURSOR} of {'.'.join(TABLE)} is no time, but of type"
            f" {schema.field(CURSOR).type}. Nothing was loaded."
        )
    key = schema.get_field_index(KEY)
    return schema.set(key, schema.field(key).with_nullable(False))


def _warn_of_lost_columns(schema: pa.Schema) -> None:
    """Log columns that the application has dropped, which the warehouse keeps."""
    stored = dlt.current.source_schema()
    known = stored.tables.get("products", {}).get("columns", {}).keys()
    if lost := known - set(map(stored.naming.normalize_identifier, schema.names)):
        logger.warning(
            "%s has no column %s any more: rows that are loaded again have NULL there",
            *(".".join(TABLE), ", ".join(sorted(lost))),
        )


def _query(database: Snapshot, schema: pa.Schema, since: datetime | None) -> Composable:
    from psycopg2.sql import SQL, Identifier, Literal

    names = {"key": Identifier(KEY), "cursor": Identifier(CURSOR)}
    once: Composable = SQL("")
    changed: Composable = SQL("")
    order: Composable = SQL("")
    if not database.is_unique(*TABLE, KEY):
        # A table without such a key, or a view, may have a row twice.
        once = SQL("DISTINCT ON ({key})").format(**names)
        order = SQL("ORDER BY {key}, {cursor} DESC NULLS LAST").format(**names)
    if since:
        # Rows without a date are few, or none: they are read each time.
        changed = SQL("WHERE {cursor} >= {since} OR {cursor} IS NULL").format(
            **names, since=Literal(since)
        )
    return SQL("SELECT {once} {columns} FROM {table} {changed} {order}").format(
        once=once,
        columns=SQL(", ").join(map(Identifier, schema.names)),
        table=Identifier(*TABLE),
        changed=changed,
        order=order,
    )


def _latest(changes: pa.Table, before: datetime | None) -> datetime | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    in_utc = changes[CURSOR].cast(pa.timestamp("us", "UTC"))
    return max(filter(None, (before, pc.max(in_utc).as_py())), default=None)
