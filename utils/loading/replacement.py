"""How a table is replaced: never by suspiciously few rows, and never seen empty.

An API that answers with an empty page, a table that is just being filled: the rows that
the warehouse has are then worth more than those that were fetched.
"""

from __future__ import annotations

from typing import Iterator

import dlt

from utils.destinations.lake import is_lake, rows_in_lake
from utils.destinations.load_packages import rows_in, tables_to_load, waiting_packages
from utils.errors import ClearError


class SuspiciouslyFewRows(ClearError):
    """A table would be replaced by far fewer rows than it has."""


def prepare_replacement(pipeline: dlt.Pipeline) -> None:
    """Check the packages that wait, and choose the way into the tables that they replace.

    Rows go through a staging table, from where one transaction takes them, so that nobody
    finds the table empty. Into a table that is not there yet they go straight.

    Raises:
        SuspiciouslyFewRows: for a share below `loading.smallest_replacement` of
            `.dlt/config.toml`.
    """
    smallest = dlt.config.get("loading.smallest_replacement", float)
    tables_are_new = True
    for table, fetched in _replacements(pipeline):
        held = _rows_held(pipeline, table)
        if held is None:
            continue
        tables_are_new = False
        if fetched < smallest * held:
            raise SuspiciouslyFewRows(
                f"{fetched:,} rows were fetched to replace the {held:,} of table {table}:"
                f" fewer than {smallest:.0%}. Nothing was replaced. If that is right, run"
                " it once more with LOADING__SMALLEST_REPLACEMENT=0 in the environment."
            )
    if is_lake(pipeline):
        return  # which has a way of its own
    # Without a word of it dlt 1.31 begins transactions for CREATE, ALTER and DROP alone:
    # DuckDB and Snowflake would commit the DELETE before they come to the INSERT.
    pipeline.destination.caps_params["supports_transactions"] = True
    # PostgreSQL's TRUNCATE empties a table even for readers that began before it.
    pipeline.destination.caps_params["supports_truncate_command"] = False
    # dlt has no hint for it on a table, only this setting of the destination.
    strategy = "truncate-and-insert" if tables_are_new else "insert-from-staging"
    if strategy in pipeline.destination.capabilities().supported_replace_strategies:
        pipeline.destination.config_params["replace_strategy"] = strategy


def _replacements(pipeline: dlt.Pipeline) -> Iterator[tuple[str, int]]:
    """Names of the tables that are about to be replaced, with the rows they will have."""
    for package in waiting_packages(pipeline):
        rows = rows_in(package)
        for table in tables_to_load(package, "replace"):
            yield table, rows[table]


def _rows_held(pipeline: dlt.Pipeline, table: str) -> int | None:
    """How many rows the table has, None if there is no such table."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    if is_lake(pipeline):
        return rows_in_lake(pipeline, table)
    with pipeline.sql_client() as client:
        name = client.make_qualified_table_name(table)
        try:
            with client.execute_query(f"SELECT count(*) FROM {name}") as cursor:
                return cursor.fetchone()[0]
        except DatabaseUndefinedRelation:
            return None
