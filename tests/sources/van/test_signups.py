"""Signups of VAN's events."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from dlt.sources.helpers.requests import HTTPError
from requests import Response

from sources.van.signups import signups_of_event
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
