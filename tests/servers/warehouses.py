"""Looks into a warehouse of any kind, as a user of it would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.servers import duckdb_warehouse


class Warehouse(Protocol):
    """What a `DuckDBWarehouse` and a PostgreSQL `Database` have in common."""

    @property
    def settings(self) -> dict[str, str]:
        """The environment that leads pipelines here."""

    def query(self, sql: str) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class DuckDBWarehouse:
    """A DuckDB file."""

    file: Path

    @property
    def settings(self) -> dict[str, str]:
        return {
            "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "duckdb",
            "DLT_LOCAL_DIR": str(self.file.parent),
        }

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows that a query gives."""
        return duckdb_warehouse.query(self.file, sql)
