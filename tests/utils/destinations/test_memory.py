"""DuckDB gets little memory, and more if it does not get by with that."""

from __future__ import annotations

import pytest

import utils.destinations.memory
from tests.samples.pets import UPSERT, pets, pets_pipeline
from tests.servers.duckdb_warehouse import query
from utils.loading.run import run_pipeline

TEXT = "x" * 20_000_000


@pytest.mark.parametrize("disposition", ["append", "replace", UPSERT])
def test_what_needs_more_memory_gets_it(warehouse, monkeypatch, disposition):
    monkeypatch.setattr(utils.destinations.memory, "DUCKDB_MEMORY_LIMIT", "10MB")
    source = pets(
        *({"name": str(number), "text": TEXT} for number in range(3)),
        write_disposition=disposition,
    )
    run_pipeline(pets_pipeline(), source)
    lengths = "SELECT DISTINCT length(text), count(*) OVER () FROM dev_pets.pets"
    assert query(warehouse, lengths) == [(20_000_000, 3)]


def test_a_load_is_limited_and_a_merge_is_not(warehouse, monkeypatch):
    limits: list[str] = []

    def look(pipeline):
        with pipeline.sql_client() as client:
            with client.execute_query("SELECT current_setting('memory_limit')") as rows:
                limits.append(rows.fetchone()[0])
        return load(pipeline)

    import dlt

    load = dlt.Pipeline.load
    monkeypatch.setattr(dlt.Pipeline, "load", look)
    for disposition in ("append", UPSERT):
        run_pipeline(
            pets_pipeline(), pets({"name": "Rex"}, write_disposition=disposition)
        )
    assert limits[0] == "106.8 MiB"
    assert limits[1].endswith("GiB")
