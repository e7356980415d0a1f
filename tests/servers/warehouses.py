"""Queries of a warehouse of any type, as by a user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.servers import duckdb_warehouse


class Warehouse(Protocol):
    """Interface of `DuckDBWarehouse` and PostgreSQL's `Database`."""

    @property
    def settings(self) -> dict[str, str]:
        """Environment in which pipelines load into this warehouse."""

    def query(self, sql: str) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class DuckDBWarehouse:
    """Warehouse in a DuckDB file."""

    file: Path

    @property
    def settings(self) -> dict[str, str]:
        return {
            "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "duckdb",
            "DLT_LOCAL_DIR": str(self.file.parent),
        }

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return a query's rows."""
        return duckdb_warehouse.query(self.file, sql)
