"""Looks into a DuckDB warehouse, as a user of it would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

EXCHANGE_RATES = "dev_exchange_rates.exchange_rates"


def query(warehouse: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows that a query gives."""
    with duckdb.connect(str(warehouse)) as connection:
        return connection.execute(sql).fetchall()


def query_files(sql: str) -> list[tuple[Any, ...]]:
    """The rows that a query of files gives.

    Not `duckdb.sql`: its one connection for all once hung for ever, at a query after many.
    """
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def count(warehouse: Path, table: str = EXCHANGE_RATES) -> int:
    """How many rows a table has."""
    ((rows,),) = query(warehouse, f"SELECT count(*) FROM {table}")
    return rows
