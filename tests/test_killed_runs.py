"""A few killed runs with every test run; tests/killed_runs.py runs hundreds."""

from __future__ import annotations

import pytest

from tests.killed_runs import kill_runs
from tests.postgres import new_database


@pytest.mark.parametrize("kind", ["DuckDB", "PostgreSQL"])
def test_a_killed_run_and_a_rerun_lose_and_double_nothing(kind, postgres, tmp_path):
    warehouse = (
        tmp_path / "warehouse.duckdb" if kind == "DuckDB" else new_database(postgres)
    )
    outcome = kill_runs(new_database(postgres), warehouse, tmp_path, kills=8, seed=7)
    assert outcome.is_good, outcome
    assert outcome.killed_in.total() == 8
