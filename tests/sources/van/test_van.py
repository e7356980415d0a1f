"""VAN's source: what it asks for, window by window."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Iterator

import pytest
from dlt.sources import DltSource

from sources.van import van_source
from tests.fakes.http_server import Api, serving
from tests.fakes.van import Van, activist_code, survey_question

TODAY = date(2026, 11, 22)


@pytest.fixture
def van() -> Van:
    van = Van(
        activist_codes=[activist_code(1), activist_code(2, status="Archived")],
        survey_questions=[survey_question(1), survey_question(2, "Inactive")],
    )
    for days in (100, 5):
        van.add_event(TODAY - timedelta(days=days), signups=2)
    return van


@pytest.fixture
def api(van: Van) -> Iterator[Api]:
    with serving(van.respond) as api:
        yield api


def source(api: Api, days_per_load: int = 1000) -> DltSource:
    return van_source(
        TODAY,
        api_key="key",
        database="EveryAction",
        base_url=f"{api.url}/v4/",
        first_day=TODAY - timedelta(days=100),
        days_read_again=30,
        days_per_load=days_per_load,
    )


def test_codes_and_questions_of_every_status_are_read(api):
    codes = list(source(api).activist_codes)
    assert [code["status"] for code in codes] == ["Active", "Archived"]
    questions = list(source(api).survey_questions)
    assert [question["status"] for question in questions] == ["Active", "Inactive"]
    assert questions[0]["responses"][0]["surveyQuestionId"] == 1


@pytest.mark.parametrize("name", ["events", "signups"])
def test_a_window_is_asked_for_with_a_day_more_on_both_sides(api, name):
    assert list(source(api, days_per_load=40).resources[name])
    request = next(each for each in api.requests if each.path == "/v4/events")
    first = TODAY - timedelta(days=100)
    assert request.query["startingAfter"] == str(first - timedelta(days=1))
    assert request.query["startingBefore"] == str(first + timedelta(days=41))


def test_the_last_window_has_no_end(api, van):
    van.add_event(TODAY + timedelta(days=500))
    assert len(list(source(api).events)) == 3
    assert "startingBefore" not in api.requests[0].query


def test_signups_come_with_the_id_of_their_event(api, van):
    signups = list(source(api).signups)
    assert sorted(signup["eventId"] for signup in signups) == [1001, 1001, 1002, 1002]


def test_fields_without_a_value_are_left_out(api):
    event, _ = source(api).events
    assert event["eventId"] == 1001
    assert "description" not in event and None not in event["locations"][0].values()


def test_signups_replace_all_of_their_event(api):
    columns = source(api).signups.compute_table_schema()["columns"]
    assert columns["event_id"]["merge_key"]
    assert columns["event_signup_id"]["primary_key"]
