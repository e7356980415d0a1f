"""Figures of each table: its rows, bytes and schema changes, and none of dlt's own."""

from __future__ import annotations

from tests.samples.pets import pets, pets_pipeline, rows
from utils.loading.run import run_pipeline


def test_a_new_column_is_reported(warehouse):
    run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    report = run_pipeline(pets_pipeline(), pets({"name": "Rex", "legs": 4}))

    assert report.tables[0].schema_changes == (("new columns", ("legs (bigint)",)),)
    assert rows(warehouse) == [("Rex", 4)]


def test_dlts_own_tables_are_left_out(warehouse):
    report = run_pipeline(pets_pipeline(), pets({"name": "Rex"}))
    assert [table.name for table in report.tables] == ["pets"]
