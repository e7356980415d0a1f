"""Table `pets` with promises, and its loads into DuckDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dlt
import pyarrow as pa

from tests.samples.pets import pets_pipeline
from tests.servers.duckdb_warehouse import query
from utils.loading.run import run_pipeline
from utils.promises.declared import promise

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PETS = [
    {"name": name, "kind": "cat", "legs": 4, "fed": NOW - number * DAY}
    for number, name in enumerate(["Ada", "Bob", "Cleo", "Dot", "Eve", "Fay", "Gus"], 1)
] + [
    {"name": f"Pet {n}", "kind": "dog", "legs": n % 5, "fed": NOW - 9 * DAY}
    for n in range(20)
]
RULES = {
    "not_null": ["kind"],
    "unique": ["name"],
    "between": {"legs": (0, 8)},
    "accepted": {"kind": ["cat", "dog"]},
}


def pets(given, *, arrow=True, disposition="append", size=5, **promises):
    """Return a source of one table with promises, in batches of some rows."""

    @dlt.resource(write_disposition=disposition)
    def pets():
        for start in range(0, len(given), size):
            part = given[start : start + size]
            yield pa.Table.from_pylist(part) if arrow else part

    @dlt.source(name="pets")
    def pets_source():
        return promise(pets, **promises)

    return pets_source()


def load(given, **options):
    return run_pipeline(pets_pipeline(), pets(given, **options))


def changed(change: dict, number: int = 6) -> list[dict]:
    """Return the pets with a change of one of them."""
    return [row | change if n == number else row for n, row in enumerate(PETS)]


def names(warehouse: Path, table: str = "pets") -> list[str]:
    return [name for (name,) in query(warehouse, f"SELECT name FROM dev_pets.{table}")]
