"""Freshness, numbers of rows and the history, through the run of a pipeline into DuckDB."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.samples.promised_pets import DAY, NOW, PETS, RULES, changed, load, names
from tests.servers.duckdb_warehouse import query
from utils.promises.outcome import PromiseBroken


@pytest.mark.parametrize("arrow", [True, False], ids=["arrow", "rows"])
def test_how_fresh_a_table_is(warehouse, arrow):
    fresh = ("fed", timedelta(hours=30))
    report = load(PETS, arrow=arrow, fresh=fresh)
    outcome = report.tables[0].outcome
    assert outcome.newest == NOW - DAY
    assert outcome.broken == ()

    # without new rows the newest value stays what it was, also in another container
    report = load(PETS[3:5], arrow=arrow, fresh=("fed", timedelta(hours=20)))
    outcome = report.tables[0].outcome
    assert outcome.newest == NOW - DAY
    (stale,) = outcome.broken
    assert stale == (
        f"pets is stale: the newest fed is of {NOW - DAY:%Y-%m-%d %H:%M} UTC, promised to"
        " be less than 20 hours old"
    )


def test_a_row_of_the_future_keeps_no_table_fresh(warehouse):
    report = load(changed({"fed": NOW + 900 * DAY}), fresh=("fed", DAY))
    assert report.tables[0].outcome.newest == NOW - DAY


def test_a_date_is_its_midnight(warehouse):
    rows = [
        {"name": "Ada", "fed": NOW.date()},
        {"name": "Bob", "fed": date(2020, 1, 1)},
    ]
    midnight = datetime(*NOW.timetuple()[:3], tzinfo=UTC)
    report = load(rows, fresh=("fed", 2 * DAY))
    assert report.tables[0].outcome.newest == midnight


def test_a_replaced_table_is_as_fresh_as_its_rows(warehouse):
    load(PETS, disposition="replace", fresh=("fed", 3 * DAY))
    report = load(PETS[4:], disposition="replace", fresh=("fed", 3 * DAY))
    assert report.tables[0].outcome.newest == PETS[4]["fed"]
    assert "pets is stale" in report.broken_promises[0]


def test_without_any_value_nothing_is_known(warehouse):
    report = load([{"name": "Ada", "fed": None}], arrow=False, fresh=("fed", DAY))
    assert report.tables[0].outcome.newest is None
    assert report.broken_promises == []


def test_the_history_has_a_row_for_each_load_of_each_table(warehouse):
    load(changed({"kind": "cow"}), broken="set aside", **RULES, fresh=("fed", 9 * DAY))
    second = load(PETS, broken="set aside", **RULES, fresh=("fed", 9 * DAY))
    history = query(
        warehouse,
        "SELECT table_name, rows_loaded, rows_set_aside, replaced, newest_value, pipeline,"
        " broken_promises <> '', schema_changes <> '', load_ids"
        " FROM dev_pets.load_history ORDER BY loaded_at, table_name",
    )
    newest = (NOW - DAY).replace(tzinfo=None)
    first = history[0][-1]
    assert history == [
        ("pets", 26, 1, False, newest, "pets", True, True, first),
        ("pets_set_aside", 1, 0, False, None, "pets", False, True, first),
        ("pets", 27, 0, False, newest, "pets", False, False, second.load_ids[0]),
        ("pets_set_aside", 0, 0, False, None, "pets", False, False, second.load_ids[0]),
    ]


def test_an_unusual_number_of_rows_is_told(warehouse):
    load(PETS, rows=True)
    now = datetime.now(UTC).replace(tzinfo=None)
    weeks = ", ".join(
        f"('{now - days * DAY}', '', 'pets', 'pets', 100, 0, 0, false, 0, NULL, '', '')"
        for days in range(35, 0, -1)
    )
    query(warehouse, "DELETE FROM dev_pets.load_history")
    query(warehouse, f"INSERT INTO dev_pets.load_history VALUES {weeks}")
    report = load(PETS, rows=True)
    day = f"{datetime.now(UTC):%A}"
    assert report.broken_promises == [
        f"pets got 27 rows, and usually gets 100 on a {day}"
    ]
    assert len(names(warehouse)) == 2 * len(PETS)


def test_a_history_that_cannot_be_used_fails_no_load(warehouse, caplog):
    load(PETS[:1])
    query(warehouse, "DROP TABLE dev_pets.load_history")
    query(warehouse, "CREATE VIEW dev_pets.load_history AS SELECT 1 AS one")
    load(PETS[1:2], rows=True)
    assert "load_history cannot be read" in caplog.text
    assert "load_history cannot be written" in caplog.text
    assert len(names(warehouse)) == 2


def test_a_load_that_breaks_a_promise_at_its_end_is_not_finished_by_the_next(warehouse):
    load(PETS[:4], unique=["name"])
    with pytest.raises(PromiseBroken, match="1 of the 24 rows"):
        load([*PETS[4:], PETS[5]], unique=["name"])
    report = load(PETS[4:6], unique=["name"])
    assert report.recovered_load_ids == ()
    assert names(warehouse) == [row["name"] for row in PETS[:6]]
