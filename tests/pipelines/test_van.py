"""VAN's pipeline: a fake API into DuckDB, and into PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from typing import Iterator

import pytest

from pipelines.van import load_van
from tests.fakes.http_server import Api, json_answer, serving
from tests.fakes.van import Van, activist_code, location, shift, survey_question
from tests.killing.forked import processes
from tests.servers.warehouses import Warehouse
from utils.errors.http import ApiError
from utils.loading.column_types import TypeChanged

TODAY = datetime.now(timezone.utc).date()
TABLES = ("events", "events__shifts", "events__roles", "events__locations", "signups")


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.fixture
def data() -> Van:
    """Events 95, 70 and 35 days ago, yesterday and next week, each with two signups."""
    van = Van(
        activist_codes=[activist_code(1), activist_code(2, description="Old")],
        survey_questions=[survey_question(1), survey_question(2, "Archived")],
    )
    for days in (95, 70, 35, 1, -7):
        van.add_event(ago(days), signups=2)
    return van


@pytest.fixture
def api(data: Van, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The API that serves the data. All of it is one window."""
    with serving(lambda request: data.respond(request)) as served:
        monkeypatch.setenv("SOURCES__VAN__BASE_URL", f"{served.url}/v4/")
        monkeypatch.setenv("SOURCES__VAN__API_KEY", "key")
        monkeypatch.setenv("SOURCES__VAN__FIRST_DAY", str(ago(100)))
        monkeypatch.setenv("SOURCES__VAN__DAYS_PER_LOAD", "1000")
        yield served


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four windows instead, the last two with what is read again."""
    monkeypatch.setenv("SOURCES__VAN__DAYS_PER_LOAD", "30")


def asked(api: Api) -> Counter[str]:
    """Count requests since the last call: events by first day, signups by event."""
    found = Counter(
        request.query.get("startingAfter")
        or request.query.get("eventId")
        or request.path.removeprefix("/v4/")
        for request in api.requests
    )
    api.requests.clear()
    return found


def loaded(warehouse: Warehouse, columns: str, table: str) -> list[tuple]:
    return warehouse.query(f"SELECT {columns} FROM dev_van.{table} ORDER BY 1, 2")


def signups(warehouse: Warehouse) -> list[tuple]:
    columns = "event_signup_id, event_id, van_id, status__name"
    return loaded(warehouse, columns, "signups")


def in_van(data: Van) -> list[tuple]:
    return [
        (
            each["eventSignupId"],
            each["event"]["eventId"],
            each["person"]["vanId"],
            each["status"]["name"],
        )
        for each in data.signups
    ]


def test_every_row_arrives_as_it_is(data, api, any_warehouse):
    data.add_event(ago(2), shifts=[shift(1), shift(2)], locations=[location(8)])
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
    assert signups(any_warehouse) == in_van(data)
    assert loaded(any_warehouse, "event_id, start_date", "events") == [
        (e["eventId"], datetime.fromisoformat(e["startDate"])) for e in data.events
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


def test_of_people_only_the_id_is_loaded(data, api, duckdb_warehouse):
    load_van()
    rows = [duckdb_warehouse.query(f"SELECT * FROM dev_van.{t}") for t in TABLES]
    assert "100005001" in str(rows)
    for personal in ("Ada", "Lovelace", "ada@example.org", "6175550100"):
        assert personal not in str(rows)


def test_a_second_run_asks_only_for_what_may_have_changed(
    data, api, windows, any_warehouse
):
    load_van()
    first = asked(api)
    assert first == Counter(
        {"activistCodes": 1, "surveyQuestions": 1}
        | {str(ago(days + 1)): 2 for days in (100, 70, 40, 10)}
        | {str(event["eventId"]): 1 for event in data.events}
    )
    data.events[-1]["name"] = "Another name"
    data.signups[-1]["status"]["name"] = "Confirmed"
    data.add_signup(data.events[-2])
    late = data.add_event(ago(5), signups=1)

    load_van()

    assert asked(api) == Counter(
        {"activistCodes": 1, "surveyQuestions": 1, str(ago(31)): 2, str(ago(1)): 2}
        | {str(event["eventId"]): 1 for event in (*data.events[3:5], late)}
    )
    assert signups(any_warehouse) == in_van(data)
    names = loaded(any_warehouse, "event_id, name", "events")
    assert names == [(event["eventId"], event["name"]) for event in data.events]


def test_what_is_deleted_within_an_event_goes(data, api, any_warehouse):
    load_van()
    event = data.events[3]
    event["shifts"] = None
    del data.signups[6]

    load_van()

    assert signups(any_warehouse) == in_van(data)
    shifts = loaded(any_warehouse, "event_id, event_shift_id", "events__shifts")
    assert event["eventId"] not in [event_id for event_id, _ in shifts]


def test_a_run_that_fails_goes_on_where_it_stopped(
    data, api, windows, duckdb_warehouse
):
    respond = data.respond
    broken = str(data.events[2]["eventId"])
    data.respond = lambda request: (
        json_answer({}, 503)
        if request.query.get("eventId") == broken
        else respond(request)
    )
    with pytest.raises(ApiError, match="/v4/signups was answered 503"):
        load_van()
    assert signups(duckdb_warehouse) == in_van(data)[:4]
    asked(api)
    data.respond = respond

    load_van()

    assert asked(api) == Counter(
        {"activistCodes": 1, "surveyQuestions": 1, str(ago(41)): 2, str(ago(11)): 2}
        | {str(event["eventId"]): 1 for event in data.events[2:]}
    )
    assert signups(duckdb_warehouse) == in_van(data)


def test_a_run_killed_while_paging_goes_on_where_it_stopped(
    data, api, windows, duckdb_warehouse, tmp_path
):
    respond = data.respond
    doomed = str(data.events[2]["eventId"])

    def respond_and_kill(request):
        if request.query.get("eventId") == doomed:
            os.kill(run.pid, signal.SIGKILL)
        return respond(request)

    data.respond = respond_and_kill
    run = processes.Process(target=_run, args=(dict(os.environ),))
    run.start()
    run.join()
    assert run.exitcode == -signal.SIGKILL
    asked(api)
    data.respond = respond
    shutil.rmtree(tmp_path / "pipelines")  # as in a new container

    load_van()

    assert str(ago(71)) not in asked(api)
    assert signups(duckdb_warehouse) == in_van(data)
    ids = [(event["eventId"], event["name"]) for event in data.events]
    assert loaded(duckdb_warehouse, "event_id, name", "events") == ids


def _run(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    load_van()


def test_since_reads_older_events_again(data, api, duckdb_warehouse):
    load_van()
    data.signups[2]["status"]["name"] = "Completed"
    load_van()
    assert signups(duckdb_warehouse) != in_van(data)
    asked(api)

    load_van(since=ago(70))

    assert signups(duckdb_warehouse) == in_van(data)
    assert str(data.events[0]["eventId"]) not in asked(api)


def test_never_more_than_three_calls_in_the_whole_run(data, api, warehouse):
    for _ in range(12):
        data.add_event(ago(3), signups=1)
    data.seconds = 0.05
    load_van()
    assert api.most_in_flight == 3


def test_a_signup_that_moves_while_it_is_read_is_there_once(data, api, any_warehouse):
    moving = data.add_signup(data.events[3])
    respond = data.respond
    places = [str(event["eventId"]) for event in data.events[3:]]

    def respond_and_move(request):
        """Move the signup into the event that is asked for."""
        if request.query.get("eventId") in places:
            moving["event"] = {"eventId": int(request.query["eventId"])}
        return respond(request)

    data.respond = respond_and_move
    load_van()
    ids = [row[0] for row in signups(any_warehouse)]
    assert ids == [row[0] for row in in_van(data)]


def test_an_event_deleted_meanwhile_does_not_end_the_run(
    data, api, duckdb_warehouse, caplog
):
    respond = data.respond
    gone = data.events[3]

    def respond_and_delete(request):
        answer = respond(request)
        # when those events are listed whose signups are read then
        if request.path == "/v4/events" and "$expand" not in request.query:
            data.events.remove(gone)
        return answer

    data.respond = respond_and_delete
    load_van()
    assert f"Event {gone['eventId']} was deleted meanwhile" in caplog.text
    left = [row for row in in_van(data) if row[1] != gone["eventId"]]
    assert signups(duckdb_warehouse) == left


@pytest.mark.parametrize(
    "change",
    [
        {"eventType": {"eventTypeId": "phone bank", "name": "Phone Bank"}},
        {"isActive": "perhaps"},
        {"shifts": [{"eventShiftId": 1, "startTime": "noon"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_type_is_refused_and_named(data, api, duckdb_warehouse, change):
    load_van()
    before = loaded(duckdb_warehouse, "event_id, name", "events")
    data.events[4] |= {"name": "New"} | change

    with pytest.raises(TypeChanged, match="arrives as text, and is"):
        load_van()

    assert loaded(duckdb_warehouse, "event_id, name", "events") == before


def test_a_wrong_key_is_said_in_plain_words(data, api, warehouse):
    data.password = "another|1"
    with pytest.raises(ApiError) as error:
        load_van()
    assert str(error.value) == (
        "van: GET http://127.0.0.1/v4/activistCodes was answered 401 Unauthorized: The"
        " API key is not valid. Nothing was loaded. Its credentials are wrong, or lack a"
        " right: sources.van in .dlt/secrets.toml or the environment, dlt/sources/van in"
        " the vault."
    )


def test_nothing_in_van_is_no_error(api, data, duckdb_warehouse):
    data.__init__()
    assert load_van().rows == 0
    data.add_event(ago(1), signups=1)
    load_van()
    assert signups(duckdb_warehouse) == in_van(data)


def test_what_is_active_no_more_is_loaded_as_that(data, api, duckdb_warehouse):
    """Archive items on the first and on the last page."""
    data.activist_codes += [activist_code(id_) for id_ in range(3, 60)]
    load_van()
    data.activist_codes[0]["status"] = data.survey_questions[0]["status"] = "Archived"
    data.activist_codes[-1]["status"] = "Inactive"

    load_van()

    columns = "activist_code_id, status"
    codes = loaded(duckdb_warehouse, columns, "activist_codes")
    assert codes == [(c["activistCodeId"], c["status"]) for c in data.activist_codes]
    columns = "survey_question_id, status"
    questions = loaded(duckdb_warehouse, columns, "survey_questions")
    assert questions == [(1, "Archived"), (2, "Archived")]


def test_a_table_dropped_by_hand_is_loaded_anew(data, api, duckdb_warehouse):
    load_van()
    duckdb_warehouse.query("DROP TABLE dev_van.signups")
    load_van()
    assert signups(duckdb_warehouse) == in_van(data)
