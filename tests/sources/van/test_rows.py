"""Answers of VAN's API as rows."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from dlt.sources.helpers.requests import HTTPError
from requests import Response

from sources.van.rows import MOST_DEPTH, signups_of_event, with_id, without_nulls
from tests.fakes.van import Van
from utils.errors.http import ApiError


class Connection:
    """A connection whose listings are given, or fail with a status."""

    def __init__(self, items: list, status: int = 200) -> None:
        self.items, self.status = items, status

    def get_request(self, endpoint: str, params: dict) -> list:
        assert (endpoint, params) == ("signups", {"eventId": 1001})
        if self.status != 200:
            response = Response()
            response.status_code = self.status
            raise HTTPError(response=response)
        return self.items


def signups(items: list, status: int = 200) -> list:
    van = SimpleNamespace(connection=Connection(items, status))
    return signups_of_event(van, 1001)


def test_fields_without_a_value_go_wherever_they_are():
    row = {"a": None, "b": {"c": None, "d": 0}, "e": [{"f": None, "g": ""}], "h": []}
    assert without_nulls(row) == {"b": {"d": 0}, "e": [{"g": ""}], "h": []}


def test_rows_of_lists_have_the_id_of_their_row():
    row = {"id": 7, "shifts": [{"name": "early"}], "roles": None, "notes": [{}]}
    assert with_id(row, "id", ["shifts", "roles", "codes"]) == {
        "id": 7,
        "shifts": [{"name": "early", "id": 7}],
        "roles": [],
        "codes": [],
        "notes": [{}],
    }


def test_of_a_person_only_the_id_is_kept():
    van = Van()
    signup = van.add_signup(
        {"eventId": 1001, "name": "", "shortName": "", "shifts": [{"eventShiftId": 1}]}
    )
    (row,) = signups([signup])
    assert row.keys() == signup.keys() - {"person", "event"} | {"vanId", "eventId"}
    assert (row["vanId"], row["eventId"]) == (signup["person"]["vanId"], 1001)


def test_a_signup_without_a_person_is_refused():
    with pytest.raises(ApiError, match="a signup of event 1001"):
        signups([{"eventSignupId": 1}])


def test_an_event_that_is_gone_has_none(caplog):
    assert signups([], status=404) == []
    assert "Event 1001 was deleted meanwhile" in caplog.text
    with pytest.raises(HTTPError):
        signups([], status=400)


def test_a_row_that_is_nested_too_deeply_is_refused():
    row: dict = {}
    for _ in range(MOST_DEPTH - 1):
        row = {"a": row}
    assert without_nulls(row) == row
    with pytest.raises(
        ApiError, match="^van: a row is nested more than 20 levels deep"
    ):
        without_nulls({"a": [row]})
