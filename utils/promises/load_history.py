"""Table `load_history` of a dataset: a row for each load of each table.

Written after a load, because only then is it known what arrived. A run that is killed just
then leaves no row; its load is in dlt's `_dlt_loads`. A lake has no such table.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Sequence

from utils.destinations.pipelines import type_of
from utils.errors import sentence
from utils.errors.interruption import interruption_behind
from utils.promises.usual_rows import WEEKS, PastLoad

if TYPE_CHECKING:
    import dlt
    from dlt.destinations.sql_client import SqlClientBase

logger = logging.getLogger(__name__)

TABLE = "load_history"
# In words that DuckDB, PostgreSQL, Redshift and Snowflake have in common. Times are in UTC.
CREATE = """
CREATE TABLE IF NOT EXISTS {table} (
    loaded_at timestamp, load_ids varchar(4000), pipeline varchar(4000),
    table_name varchar(4000), rows_loaded bigint, bytes_loaded bigint,
    seconds double precision, replaced boolean, rows_set_aside bigint,
    newest_value timestamp, schema_changes varchar(4000), broken_promises varchar(4000)
)
"""
INSERT = "INSERT INTO {table} VALUES {rows}"
PAST = """
SELECT table_name, loaded_at, rows_loaded, replaced FROM {table}
WHERE pipeline = %s AND loaded_at > %s AND table_name IN ({names}) ORDER BY loaded_at
"""


@dataclass(frozen=True)
class HistoryRow:
    """Row of `load_history`, with its columns in their order."""

    loaded_at: datetime
    load_ids: str
    pipeline: str
    table_name: str
    rows_loaded: int
    bytes_loaded: int
    seconds: float
    replaced: bool
    rows_set_aside: int
    newest_value: datetime | None
    schema_changes: str
    broken_promises: str

    def values(self) -> tuple[Any, ...]:
        """Return the values, with times in UTC and texts that fit."""
        return tuple(map(_fitting, astuple(self)))


class LoadHistory:
    """History of a pipeline's loads.

    A context manager: one connection reads and writes it, from the first use to the exit.
    """

    def __init__(self, pipeline: dlt.Pipeline) -> None:
        self._pipeline = pipeline
        self._is_kept = type_of(pipeline).has_tables
        self._connection: SqlClientBase[Any] | None = None

    def __enter__(self) -> LoadHistory:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection:
            with _failure_is_a_warning("closed"):
                self._connection.close_connection()

    def past_loads(
        self, tables: Sequence[str], now: datetime
    ) -> dict[str, list[PastLoad]]:
        """Return the loads of tables in the last weeks, by time.

        The tables are loaded already. A history that cannot be read only makes their
        numbers of rows unknown.
        """
        from dlt.destinations.exceptions import DatabaseUndefinedRelation

        found: dict[str, list[PastLoad]] = {}
        rows: Sequence[Any] = []
        if not (self._is_kept and tables):
            return found
        with _failure_is_a_warning("read"):
            query = PAST.format(table=self._name, names=", ".join(["%s"] * len(tables)))
            arguments = (self._pipeline.pipeline_name, _fitting(now - WEEKS), *tables)
            with suppress(DatabaseUndefinedRelation):  # there was no load yet
                rows = self._client.execute_sql(query, *arguments) or []
        for table, at, number, replaced in rows:
            load = PastLoad(at.replace(tzinfo=UTC), number, replaced)
            found.setdefault(table, []).append(load)
        return found

    def remember(self, rows: Sequence[HistoryRow]) -> None:
        """Add rows, if they can be written."""
        from dlt.destinations.exceptions import DatabaseUndefinedRelation

        if not (self._is_kept and rows):
            return
        with _failure_is_a_warning("written"):
            try:
                self._insert(rows)
            except DatabaseUndefinedRelation:
                self._client.execute_sql(CREATE.format(table=self._name))
                self._insert(rows)

    @property
    def _client(self) -> SqlClientBase[Any]:
        if self._connection is None:
            self._connection = self._pipeline.sql_client()
            self._connection.open_connection()
        return self._connection

    @property
    def _name(self) -> str:
        return self._client.make_qualified_table_name(TABLE)

    def _insert(self, rows: Iterable[HistoryRow]) -> None:
        values = [row.values() for row in rows]
        places = ", ".join(f"({', '.join(['%s'] * len(each))})" for each in values)
        statement = INSERT.format(table=self._name, rows=places)
        arguments = (value for each in values for value in each)
        self._client.execute_sql(statement, *arguments)


@contextmanager
def _failure_is_a_warning(what: str) -> Iterator[None]:
    """Log an error: the rows are loaded, and a second try would append them twice."""
    try:
        yield
    except Exception as error:
        if interruption_behind(error):
            raise
        logger.warning("%s cannot be %s: %s", TABLE, what, sentence(error))


def _fitting(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value[:1000] if isinstance(value, str) else value
