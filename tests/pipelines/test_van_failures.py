"""VAN's pipeline when VAN fails, or changes while it is read, or the run is killed."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter

import pytest

from pipelines.van import load_van
from tests.fakes.http_server import json_answer
from tests.killing.forked import processes
from tests.samples.van_rows import ago, asked, in_van, loaded, signups
from utils.errors.http import ApiError
from utils.loading.column_types import TypeChanged


def test_a_run_that_fails_goes_on_where_it_stopped(
    van, van_api, van_windows, duckdb_warehouse
):
    respond = van.respond
    broken = str(van.events[2]["eventId"])
    van.respond = lambda request: (
        json_answer({}, 503)
        if request.query.get("eventId") == broken
        else respond(request)
    )
    with pytest.raises(ApiError, match="/v4/signups was answered 503"):
        load_van()
    assert signups(duckdb_warehouse) == in_van(van)[:4]
    asked(van_api)
    van.respond = respond

    load_van()

    assert asked(van_api) == Counter(
        {"activistCodes": 1, "surveyQuestions": 1, str(ago(41)): 2, str(ago(11)): 2}
        | {str(event["eventId"]): 1 for event in van.events[2:]}
    )
    assert signups(duckdb_warehouse) == in_van(van)


def test_a_run_killed_while_paging_goes_on_where_it_stopped(
    van, van_api, van_windows, duckdb_warehouse, tmp_path
):
    respond = van.respond
    doomed = str(van.events[2]["eventId"])

    def respond_and_kill(request):
        if request.query.get("eventId") == doomed:
            os.kill(run.pid, signal.SIGKILL)
        return respond(request)

    van.respond = respond_and_kill
    run = processes.Process(target=_run, args=(dict(os.environ),))
    run.start()
    run.join()
    assert run.exitcode == -signal.SIGKILL
    asked(van_api)
    van.respond = respond
    shutil.rmtree(tmp_path / "pipelines")  # as in a new container

    load_van()

    assert str(ago(71)) not in asked(van_api)
    assert signups(duckdb_warehouse) == in_van(van)
    ids = [(event["eventId"], event["name"]) for event in van.events]
    assert loaded(duckdb_warehouse, "event_id, name", "events") == ids


def _run(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    load_van()


def test_a_signup_that_moves_while_it_is_read_is_there_once(
    van, van_api, any_warehouse
):
    moving = van.add_signup(van.events[3])
    respond = van.respond
    places = [str(event["eventId"]) for event in van.events[3:]]

    def respond_and_move(request):
        """Move the signup into the event that is asked for."""
        if request.query.get("eventId") in places:
            moving["event"] = {"eventId": int(request.query["eventId"])}
        return respond(request)

    van.respond = respond_and_move
    load_van()
    ids = [row[0] for row in signups(any_warehouse)]
    assert ids == [row[0] for row in in_van(van)]


def test_an_event_deleted_meanwhile_does_not_end_the_run(
    van, van_api, duckdb_warehouse, caplog
):
    respond = van.respond
    gone = van.events[3]

    def respond_and_delete(request):
        answer = respond(request)
        # when those events are listed whose signups are read then
        if request.path == "/v4/events" and "$expand" not in request.query:
            van.events.remove(gone)
        return answer

    van.respond = respond_and_delete
    load_van()
    assert f"Event {gone['eventId']} was deleted meanwhile" in caplog.text
    left = [row for row in in_van(van) if row[1] != gone["eventId"]]
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
def test_a_changed_type_is_refused_and_named(van, van_api, duckdb_warehouse, change):
    load_van()
    before = loaded(duckdb_warehouse, "event_id, name", "events")
    van.events[4] |= {"name": "New"} | change

    with pytest.raises(TypeChanged, match="arrives as text, and is"):
        load_van()

    assert loaded(duckdb_warehouse, "event_id, name", "events") == before


def test_a_wrong_key_is_said_in_plain_words(van, van_api, warehouse):
    van.password = "another|1"
    with pytest.raises(ApiError) as error:
        load_van()
    assert str(error.value) == (
        "van: GET http://127.0.0.1/v4/activistCodes was answered 401 Unauthorized: The"
        " API key is not valid. Nothing was loaded. Its credentials are wrong, or lack a"
        " right: sources.van in .dlt/secrets.toml or the environment, dlt/sources/van in"
        " the vault."
    )


def test_a_table_dropped_by_hand_is_loaded_anew(van, van_api, duckdb_warehouse):
    load_van()
    duckdb_warehouse.query("DROP TABLE dev_van.signups")
    load_van()
    assert signups(duckdb_warehouse) == in_van(van)
