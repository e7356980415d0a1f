"""A type of destination, in dlt's sense: what loading does there beyond dlt.

The defaults are those of a SQL database. A module beside this one says what another type
does differently; `pipelines` lists them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Sequence

import dlt
from dlt.common.configuration.providers import EnvironProvider

from utils.errors import ClearError
from utils.settings.errors import addresses_are_readable

if TYPE_CHECKING:
    from dlt.common.destination.reference import AnyDestination_CO
    from dlt.common.pipeline import LoadInfo
    from dlt.common.schema.typing import TLoaderReplaceStrategy, TTableSchema
    from dlt.common.typing import TLoaderFileFormat
    from dlt.destinations.sql_client import SqlClientBase

    from utils.destinations.views import View


class UnusableDestination(ClearError):
    """The destination's type does not exist or is not installed, or a setting is missing."""


class ReplaceStrategy:
    """dlt's `replace_strategies_selector`, which `prepare_replacement` sets.

    A capability of the destination, because dlt has no official hint for it on a table.
    """

    def __init__(self) -> None:
        self.tables_are_new = False
        """Whether none of the replaced tables exists: rows then go straight there."""

    def __call__(
        self,
        supported_replace_strategies: Sequence[TLoaderReplaceStrategy],
        /,
        *,
        table_schema: TTableSchema,
    ) -> Sequence[TLoaderReplaceStrategy]:
        wanted: TLoaderReplaceStrategy = (
            "truncate-and-insert" if self.tables_are_new else "insert-from-staging"
        )
        if wanted in supported_replace_strategies:
            return [wanted]
        return supported_replace_strategies


@dataclass(frozen=True)
class DestinationType:
    """A SQL database, unless a subclass says otherwise."""

    name: str
    """dlt's `destination_type`: `duckdb`, `snowflake`, ..."""
    drivers: tuple[str, ...] = ()
    """Python packages whose errors mean that the destination cannot be used."""
    staging: str | None = None
    """Name of the destination that files pass through on their way.

    Here, because dlt has one `staging_type` for all pipelines, which DuckDB and PostgreSQL
    refuse.
    """
    place_prefix: str = ""
    """Beginning of the destination's address that people do not need to see."""
    has_tables: bool = True
    """Whether a loaded table that is missing was dropped by someone."""

    def create(self, name: str) -> AnyDestination_CO:
        """Return dlt's destination of this name, set up for safe replacements."""
        return dlt.destination(
            name,
            # Without it dlt 1.31 begins transactions for CREATE, ALTER and DROP alone:
            # DuckDB and Snowflake would commit the DELETE before they come to the INSERT.
            supports_transactions=True,
            # PostgreSQL's TRUNCATE empties a table even for readers that began before it.
            supports_truncate_command=False,
            replace_strategies_selector=ReplaceStrategy(),
        )

    def check_settings(self, destination: str) -> None:
        """Raise UnusableDestination if the named destination lacks a setting."""

    def prepare_credentials(self, created: AnyDestination_CO) -> None:
        """Reject an address of the created destination that dlt misreads.

        Raises:
            ConfigurationError: The password has an @ that is not percent-encoded.
        """
        with addresses_are_readable():
            created.configuration(None, accept_partial=True)

    def is_set_up(self, pipeline: dlt.Pipeline) -> bool:
        """Return whether `create` made the pipeline's destination."""
        capabilities = pipeline.destination.capabilities()
        return isinstance(capabilities.replace_strategies_selector, ReplaceStrategy)

    def hold(self, pipeline: dlt.Pipeline) -> AbstractContextManager[None]:
        """Keep other processes out of the destination during a run."""
        return nullcontext()

    def keep_open(self, pipeline: dlt.Pipeline) -> AbstractContextManager[None]:
        """Keep the destination open from one run of this process to the next."""
        return nullcontext()

    def file_format(self, table: TTableSchema) -> TLoaderFileFormat:
        """Return the format of the files that a table is loaded from."""
        return "parquet"

    def load(self, pipeline: dlt.Pipeline) -> LoadInfo:
        """Load the pending packages within a memory limit."""
        return pipeline.load()

    def last_load(self, pipeline: dlt.Pipeline) -> str | None:
        """Return number and id of the dataset's last complete load, None before the first."""
        with pipeline.sql_client() as client:
            loads = client.make_qualified_table_name("_dlt_loads")
            # the number, because ids are times, and clocks differ
            query = f"SELECT count(*), max(load_id) FROM {loads} WHERE status = 0"
            found = _first_row(client, query)
        return "{}: {}".format(*found) if found else None

    def rows_held(self, pipeline: dlt.Pipeline, table: str) -> int | None:
        """Return how many rows a table has, None if there is no such table."""
        with pipeline.sql_client() as client:
            name = client.make_qualified_table_name(table)
            found = _first_row(client, f"SELECT count(*) FROM {name}")
        return found[0] if found else None

    def prepare_replacement(self, pipeline: dlt.Pipeline, tables_are_new: bool) -> None:
        """Choose the way into the tables that the next load replaces."""
        selector = pipeline.destination.capabilities().replace_strategies_selector
        assert isinstance(selector, ReplaceStrategy)
        selector.tables_are_new = tables_are_new

    def explain_locks(self, pipeline: dlt.Pipeline) -> AbstractContextManager[None]:
        """Name the holder of a lock in an error about it."""
        return nullcontext()

    def replace_view(self, pipeline: dlt.Pipeline, view: View) -> None:
        """Create a view, or bring a present one up to date with its columns and query.

        Raises:
            ViewInUse: The view has to be dropped, and other views depend on it.
            TableLocked: Another session locks the view for too long.
        """
        with pipeline.sql_client() as client:
            name = client.make_qualified_table_name(view.name)
            query = view.query(client, view.columns)
            client.execute_sql(f"CREATE OR REPLACE VIEW {name} AS {query}")

    def how_to_look(self, place: str, dataset: str, table: str) -> str:
        """Return a command, a query or an address that shows a table's rows."""
        return f"SELECT * FROM {dataset}.{table} LIMIT 10"


def setting_variable(destination: str, setting: str) -> str:
    """Return the environment variable that sets a named destination's setting."""
    return EnvironProvider.get_key_name(setting, "destination", destination)


def _first_row(client: SqlClientBase[Any], query: str) -> tuple[Any, ...] | None:
    """Return a query's first row, None if its table does not exist."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    try:
        with client.execute_query(query) as cursor:
            return cursor.fetchone()
    except DatabaseUndefinedRelation:
        return None
