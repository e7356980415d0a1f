"""The defaults of a SQL database: safe replacements, counts, names of settings."""

from __future__ import annotations

import dlt
import pytest

from tests.samples.pets import pets, pets_pipeline
from tests.servers.duckdb_warehouse import query
from utils.destinations.destination_type import (
    DestinationType,
    ReplaceStrategy,
    setting_variable,
)
from utils.loading.run import run_pipeline

SQL = DestinationType("duckdb")
ALL = ["truncate-and-insert", "insert-from-staging", "staging-optimized"]


def test_replacements_are_transactions_without_truncate(warehouse):
    capabilities = SQL.create("warehouse").capabilities()
    assert capabilities.supports_transactions
    assert not capabilities.supports_truncate_command


def test_loads_and_rows_are_counted_and_none_before_the_first(warehouse):
    pipeline = pets_pipeline()
    assert SQL.last_load(pipeline) is None
    assert SQL.rows_held(pipeline, "pets") is None
    report = run_pipeline(pipeline, pets({"name": "Rex"}, {"name": "Tom"}))
    assert SQL.last_load(pipeline) == f"1: {report.load_ids[0]}"
    assert SQL.rows_held(pipeline, "pets") == 2
    assert SQL.rows_held(pipeline, "cats") is None


def test_a_load_by_a_clock_that_is_late_is_another_last_load(warehouse):
    """Else what an interrupted run left would be loaded over the newer rows."""
    pipeline = pets_pipeline()
    report = run_pipeline(pipeline, pets({"name": "Rex"}))
    query(
        warehouse,
        "INSERT INTO dev_pets._dlt_loads (load_id, status, inserted_at)"
        " VALUES ('1.0', 0, now())",
    )
    assert SQL.last_load(pipeline) == f"2: {report.load_ids[0]}"


def test_a_new_table_is_not_staged_and_a_known_one_is(any_warehouse):
    """Rows of a first load would otherwise be written twice."""
    staged = "SELECT count(*) FROM information_schema.tables WHERE table_schema"
    for count in (0, 1):
        run_pipeline(
            pets_pipeline(), pets({"name": "Rex"}, write_disposition="replace")
        )
        found = any_warehouse.query(
            f"{staged} = 'dev_pets_staging' AND table_name = 'pets'"
        )
        assert found == [(count,)]


def test_a_settings_variable_is_dlts(monkeypatch):
    monkeypatch.setenv(setting_variable("warehouse", "some_setting"), "value")
    assert dlt.config.get("destination.warehouse.some_setting") == "value"


@pytest.mark.parametrize(
    "tables_are_new, supported, chosen",
    [
        (False, ALL, ["insert-from-staging"]),
        (True, ALL, ["truncate-and-insert"]),
        (False, ["truncate-and-insert"], ["truncate-and-insert"]),
    ],
)
def test_the_strategy_depends_on_whether_the_tables_are_new(
    tables_are_new, supported, chosen
):
    selector = ReplaceStrategy()
    selector.tables_are_new = tables_are_new
    assert selector(supported, table_schema={"name": "pets"}) == chosen
