"""A few killed runs. tests/killing/killed_runs.py kills hundreds."""

from __future__ import annotations

import pytest

from tests.killing.changing_sources import ChangingProducts, changing_hubspot
from tests.killing.killed_runs import kill_runs
from tests.servers.postgres import new_database
from tests.servers.warehouses import DuckDBWarehouse

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["DuckDB", "PostgreSQL"])
def test_no_row_of_a_database_is_lost_or_doubled(name, postgres, tmp_path):
    warehouse = (
        DuckDBWarehouse(tmp_path / "warehouse.duckdb")
        if name == "DuckDB"
        else new_database(postgres)
    )
    source = ChangingProducts(new_database(postgres))
    outcome = kill_runs(source, warehouse, tmp_path, kills=5, seed=7)
    assert outcome.is_good, outcome
    assert outcome.killed_in.total() == 5


def test_no_row_of_an_api_is_lost_or_doubled(tmp_path):
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    with changing_hubspot() as source:
        outcome = kill_runs(source, warehouse, tmp_path, kills=5, seed=7)
    assert outcome.is_good, outcome
