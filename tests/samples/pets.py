"""Smallest pipeline: one table `pets`, merged on `name`, with runs that die."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa

from tests.killing.killed_process import killed_process
from tests.servers.duckdb_warehouse import query
from utils.destinations.pipelines import pipeline_into
from utils.loading.run import run_pipeline

UPSERT = {"disposition": "merge", "strategy": "upsert"}


def pets_pipeline() -> dlt.Pipeline:
    return pipeline_into("warehouse", "pets")


def pets(*rows: dict, write_disposition: Any = "merge") -> dlt.sources.DltSource:
    """Return a source of one table that counts its runs in its state."""

    @dlt.resource(primary_key="name", write_disposition=write_disposition)
    def pets():
        state = dlt.current.resource_state()
        state["runs"] = state.get("runs", 0) + 1
        yield pa.Table.from_pylist(list(rows))

    @dlt.source(name="pets")
    def pets_source():
        return pets

    return pets_source()


def runs() -> int:
    """Return the number of runs in the state."""
    state = pets_pipeline().state
    return state["sources"]["pets"]["resources"]["pets"]["runs"]


def rows(warehouse: Path) -> list[tuple]:
    return query(warehouse, "FROM dev_pets.pets ORDER BY ALL")


def killed_run(
    place: str,
    *rows: dict,
    when: str = "after",
    only: str = "",
    source: str = "tests.samples.pets:pets",
    **options: Any,
) -> None:
    """Run the pipeline in a process that kills itself at a chosen place.

    Args:
        place, when, only: as for `killed_process`.
        source: `module:function` that makes the source of `rows` and `options`.
    """
    killed_process(
        *("tests.samples.pets:run", source, rows, options),
        place=place,
        when=when,
        only=only,
    )


def run(source: str, rows: tuple[dict, ...], options: dict[str, Any]) -> None:
    run_pipeline(pets_pipeline(), pkgutil.resolve_name(source)(*rows, **options))
