"""VAN's pipeline: a fake API into DuckDB, and into PostgreSQL."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from pipelines.van import load_van
from tests.fakes.van import activist_code, location, shift
from tests.samples.van_rows import ago, asked, in_van, loaded, signups

TABLES = ("events", "events__shifts", "events__roles", "events__locations", "signups")


def test_every_row_arrives_as_it_is(van, van_api, any_warehouse):
    van.add_event(ago(2), shifts=[shift(1), shift(2)], locations=[location(8)])
    report = load_van()

    assert {t.name: t.rows for t in report.tables} == {
        "activist_codes": 2,
        "survey_questions": 2,
        "survey_questions__responses": 4,
        "events": 6,
        "events__shifts": 7,
        "events__roles": 6,
        "events__codes": 0,
        "events__locations": 6,
        "signups": 10,
    }
    assert signups(any_warehouse) == in_van(van)
    assert loaded(any_warehouse, "event_id, start_date", "events") == [
        (e["eventId"], datetime.fromisoformat(e["startDate"])) for e in van.events
    ]
    assert loaded(any_warehouse, "event_shift_id, event_id", "events__shifts")[:2] == [
        (1, 1006),
        (2, 1006),
    ]
    places = "location_id, event_id, address__city, address__geo_location__lat"
    assert loaded(any_warehouse, places, "events__locations")[0] == (
        *(8, 1006, "Somerville"),
        42.396363,
    )
    responses = "survey_response_id, survey_question_id, name"
    assert loaded(any_warehouse, responses, "survey_questions__responses") == [
        (10, 1, "Yes"),
        (11, 1, "No"),
        (20, 2, "Yes"),
        (21, 2, "No"),
    ]
    questions = loaded(any_warehouse, "survey_question_id, status", "survey_questions")
    assert questions == [(1, "Active"), (2, "Archived")]


def test_of_people_only_the_id_is_loaded(van, van_api, duckdb_warehouse):
    load_van()
    rows = [duckdb_warehouse.query(f"SELECT * FROM dev_van.{t}") for t in TABLES]
    assert "100005001" in str(rows)
    for personal in ("Ada", "Lovelace", "ada@example.org", "6175550100"):
        assert personal not in str(rows)


def test_a_second_run_asks_only_for_what_may_have_changed(
    van, van_api, van_windows, any_warehouse
):
    load_van()
    first = asked(van_api)
    assert first == Counter(
        {"activistCodes": 1, "surveyQuestions": 1}
        | {str(ago(days + 1)): 2 for days in (100, 70, 40, 10)}
        | {str(event["eventId"]): 1 for event in van.events}
    )
    van.events[-1]["name"] = "Another name"
    van.signups[-1]["status"]["name"] = "Confirmed"
    van.add_signup(van.events[-2])
    late = van.add_event(ago(5), signups=1)

    load_van()

    assert asked(van_api) == Counter(
        {"activistCodes": 1, "surveyQuestions": 1, str(ago(31)): 2, str(ago(1)): 2}
        | {str(event["eventId"]): 1 for event in (*van.events[3:5], late)}
    )
    assert signups(any_warehouse) == in_van(van)
    names = loaded(any_warehouse, "event_id, name", "events")
    assert names == [(event["eventId"], event["name"]) for event in van.events]


def test_what_is_deleted_within_an_event_goes(van, van_api, any_warehouse):
    load_van()
    event = van.events[3]
    event["shifts"] = None
    del van.signups[6]

    load_van()

    assert signups(any_warehouse) == in_van(van)
    shifts = loaded(any_warehouse, "event_id, event_shift_id", "events__shifts")
    assert event["eventId"] not in [event_id for event_id, _ in shifts]


def test_since_reads_older_events_again(van, van_api, duckdb_warehouse):
    load_van()
    van.signups[2]["status"]["name"] = "Completed"
    load_van()
    assert signups(duckdb_warehouse) != in_van(van)
    asked(van_api)

    load_van(since=ago(70))

    assert signups(duckdb_warehouse) == in_van(van)
    assert str(van.events[0]["eventId"]) not in asked(van_api)


def test_never_more_than_three_calls_in_the_whole_run(van, van_api, warehouse):
    for _ in range(12):
        van.add_event(ago(3), signups=1)
    van.seconds = 0.05
    load_van()
    assert van_api.most_in_flight == 3


def test_nothing_in_van_is_no_error(van_api, van, duckdb_warehouse):
    van.__init__()
    assert load_van().rows == 0
    van.add_event(ago(1), signups=1)
    load_van()
    assert signups(duckdb_warehouse) == in_van(van)


def test_what_is_active_no_more_is_loaded_as_that(van, van_api, duckdb_warehouse):
    """Archive items on the first and on the last page."""
    van.activist_codes += [activist_code(id_) for id_ in range(3, 60)]
    load_van()
    van.activist_codes[0]["status"] = van.survey_questions[0]["status"] = "Archived"
    van.activist_codes[-1]["status"] = "Inactive"

    load_van()

    columns = "activist_code_id, status"
    codes = loaded(duckdb_warehouse, columns, "activist_codes")
    assert codes == [(c["activistCodeId"], c["status"]) for c in van.activist_codes]
    columns = "survey_question_id, status"
    questions = loaded(duckdb_warehouse, columns, "survey_questions")
    assert questions == [(1, "Archived"), (2, "Archived")]
