"""History of loads in real warehouses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.samples.pets import pets, pets_pipeline
from utils.loading.run import run_pipeline
from utils.promises.load_history import HistoryRow, LoadHistory
from utils.promises.usual_rows import PastLoad

NOW = datetime(2026, 11, 30, 6, 0, 0, 123456, tzinfo=UTC)


def row(at: datetime, table: str, rows: int, **changes) -> HistoryRow:
    texts = {"schema_changes": "", "broken_promises": ""} | changes
    return HistoryRow(at, "1", "pets", table, rows, 9, 0.5, False, 0, None, **texts)


def test_past_loads_are_those_of_the_pipeline_by_time(any_warehouse, monkeypatch):
    for name, value in any_warehouse.settings.items():
        monkeypatch.setenv(name, value)
    pipeline = pets_pipeline()
    with LoadHistory(pipeline) as history:  # before there is a dataset
        assert history.past_loads(["pets", "owners"], NOW) == {}
    run_pipeline(pipeline, pets({"name": "Rex"}))
    any_warehouse_rows = [
        row(NOW - timedelta(days=1), "pets", 2, schema_changes="'%s; " + "x" * 9_000),
        row(NOW - timedelta(days=2), "pets", 1),
        row(NOW - timedelta(weeks=9), "pets", 8),
        row(NOW - timedelta(days=1), "owners", 3),
    ]
    with LoadHistory(pipeline) as history:
        history.remember(any_warehouse_rows)
        history.remember([])
        found = history.past_loads(["pets", "owners"], NOW)
    now = found["pets"].pop()  # the run of above
    assert now.rows == 1 and now.at > NOW
    assert found == {
        "pets": [
            PastLoad(NOW - timedelta(days=2), 1),
            PastLoad(NOW - timedelta(days=1), 2),
        ],
        "owners": [PastLoad(NOW - timedelta(days=1), 3)],
    }
