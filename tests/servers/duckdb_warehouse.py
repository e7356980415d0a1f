"""Queries of a DuckDB warehouse, as by a user."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

EXCHANGE_RATES = "dev_exchange_rates.exchange_rates"


def load_into(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Let pipelines work in a folder and load into its DuckDB file; return the file."""
    patch.setenv("DLT_LOCAL_DIR", str(folder))
    patch.setenv("PIPELINES_DIR", str(folder / "pipelines"))
    return folder / "warehouse.duckdb"


def query(warehouse: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return a query's rows."""
    with duckdb.connect(str(warehouse)) as connection:
        return connection.execute(sql).fetchall()


def query_files(sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query of files.

    Not `duckdb.sql`: its one shared connection once hung after many queries.
    """
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def count(warehouse: Path, table: str = EXCHANGE_RATES) -> int:
    """Return the number of a table's rows."""
    ((rows,),) = query(warehouse, f"SELECT count(*) FROM {table}")
    return rows
