"""A record of HubSpot's API as a row."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from sources.hubspot.rows import columns_of, first_time, is_news, row_of

MONDAY = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
RECORD = {
    "id": "7",
    "properties": {"email": "a", "id": "not the record's"},
    "createdAt": "2026-03-02T14:00:00+02:00",
    "updatedAt": "2026-03-02T12:00:00Z",
    "archived": False,
}


def test_a_property_called_id_does_not_replace_the_records():
    assert row_of(RECORD, ["email", "id", "unknown"]) == {
        "email": "a",
        "id": "7",
        "unknown": None,
        "archived": False,
        "created_at": MONDAY,
        "updated_at": MONDAY,
        "archived_at": None,
    }


def test_a_missing_field_is_named_without_its_value():
    with pytest.raises(TypeError, match="^email is of type dict$"):
        row_of(RECORD | {"properties": {"email": {"value": "a@b.example"}}}, ["email"])
    with pytest.raises(TypeError, match="archivedAt is of type NoneType"):
        row_of(RECORD | {"archived": True}, [])


def test_a_row_has_the_declared_columns():
    declared = columns_of(["email"])
    assert set(row_of(RECORD, ["email"])) == set(declared)
    assert declared["email"]["data_type"] == "text"


@pytest.mark.parametrize(
    "archived, hours, news",
    [(False, -1, True), (True, -1, False), (True, 0, True), (True, 1, True)],
)
def test_archived_records_are_news_once(archived, hours, news):
    row = {"archived": archived, "archived_at": MONDAY + timedelta(hours=hours)}
    assert is_news(row, MONDAY) is news
    assert is_news(row, None)


def test_an_id_comes_for_the_first_time_once():
    is_first, is_first_elsewhere = first_time(), first_time()
    assert [is_first("1"), is_first("1"), is_first("2")] == [True, False, True]
    assert is_first_elsewhere("1")


@pytest.mark.parametrize("time", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_time_in_no_year(time):
    with pytest.raises(ValueError, match="^createdAt is in no year that there is$"):
        row_of(RECORD | {"createdAt": time}, [])
