"""Watch on a real server with authentication, whose automations tell two places."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.actions import ArtifactCreate, WorkPoolCreate
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.states import Completed, Crashed, Failed, Pending, Running

from tests.servers.waiting import until
from utils.runs.artifacts.loaded_tables import LoadedTable, metadata_of
from utils.watch import judge, letters
from utils.watch.letter_events import LetterEvents
from utils.watch.look import Watch

DAY = timedelta(days=1)


@pytest.fixture
def look(server):
    """Function that looks, and waits until what it has sent was answered."""
    watch = Watch()

    def look_once() -> None:
        watch.look(server.client)
        until(lambda: answered(watch, server), "answers", 30)

    return look_once


def answered(watch: Watch, server) -> bool:
    sent = watch._letters.sent(server.client, datetime.now(UTC))
    return all(each.accepted is not None for each in sent)


@pytest.mark.slow
def test_a_failed_run_is_told_once_with_its_words(server, look):
    deployment = server.deployment("products")
    run = server.run(
        deployment,
        Running(),
        Failed(message="Flow run encountered an exception: the database is away"),
        full_refresh=True,
    )
    look()
    look()
    Watch().look(server.client)  # as after a restart

    (message,) = server.slack.taken
    text = message["text"]
    assert text.startswith("*products/production failed: Flow run encountered")
    for words in (
        "the database is away",
        "full_refresh=True",
        run.name,
        "Failed since",
    ):
        assert words in text
    assert f"runs/flow-run/{run.id}|Open in Prefect>" in text
    assert "runbook.md#" in text
    assert server.incidents() == []


@pytest.mark.slow
def test_three_failures_in_a_row_and_a_success(server, look):
    deployment = server.deployment("products")
    key = f"deployment.{deployment}"
    for count in (1, 2):
        server.run(deployment, Running(), Failed(message="away"))
        look()
    assert server.incidents() == []
    server.run(deployment, Running(), Crashed(message="gone"))
    look()
    assert server.incidents() == [("trigger", key)]
    look()
    server.run(deployment, Running(), Completed())
    look()

    assert server.incidents() == [("trigger", key), ("resolve", key)]
    assert server.texts() == [
        "products/production failed: away",
        "products/production failed for the 2nd time running: away",
        "products/production failed for the 3rd time running: gone",
        "products/production works again, after 3 failures",
    ]
    assert server.pagerduty.api.requests[0].headers["x-routing-key"] == "the-key"


@pytest.mark.slow
def test_letters_of_one_look_do_not_break_each_other(server, look, monkeypatch):
    """Prefect's webhooks share their connections, and the first that ends closes them."""
    monkeypatch.setattr(server.slack, "seconds", 1.0)
    for name in ("products", "hubspot", "van"):
        server.run(server.deployment(name), Running(), Failed(message="away"))
    look()
    look()
    assert len(server.texts()) == 3
    assert server.incidents() == []


@pytest.mark.slow
def test_without_the_tag_nothing_is_told(server, look):
    deployment = server.deployment("products", tags=("load",))
    for _ in range(3):
        server.run(deployment, Running(), Failed(message="away"))
    look()
    assert server.texts() == server.incidents() == []


@pytest.mark.slow
def test_runs_that_do_not_go_on(server, look, monkeypatch):
    for name in ("PENDING_FOR", "LATE_BY", "RUNNING_LONGER_BY"):
        monkeypatch.setattr(judge, name, timedelta(seconds=1))
    usual = server.deployment("usual")
    for _ in range(3):
        server.run(usual, Running(), Completed())
    server.run(usual, Running())
    server.run(server.deployment("pending"), Pending())
    server.run(server.deployment("late"))
    time.sleep(1.5)
    look()
    look()
    kinds = sorted(text.partition("/")[0] for text in server.texts())
    assert kinds == ["late", "pending", "usual"]


@pytest.mark.slow
def test_a_table_that_is_stale_until_newer_rows_are_loaded(server, look):
    def loaded(deployment, newest: datetime) -> None:
        name, now = f"{names[deployment]}_pets", datetime.now(UTC)
        table = LoadedTable(
            *(name, "pets", "pets", owners[deployment], now, 7),
            *(newest, DAY, True),
            fresh=now if newest > now - DAY else None,
        )
        run = server.run(deployment, Running(), Completed())
        server.client.create_artifact(
            ArtifactCreate(
                key=f"{name}-load".replace("_", "-"),
                type="table",
                data="[]",
                metadata_=metadata_of([table]),
                flow_run_id=run.id,
            )
        )

    now = datetime.now(UTC)
    watched, other = server.deployment("watched"), server.deployment("other", tags=())
    names = {watched: "prod", other: "dev"}
    owners = {watched: "watched/production", other: "other/production"}
    loaded(watched, now - DAY / 2)
    loaded(other, now - 9 * DAY)
    look()
    assert server.incidents() == []

    loaded(watched, now - 2 * DAY)
    look()
    look()
    key = "table.prod_pets.pets"
    assert server.incidents() == [("trigger", key)]
    words = server.pagerduty.taken[0]["payload"]["summary"]
    assert words.startswith("prod_pets.pets is stale: its newest value is of")

    loaded(watched, now)
    look()
    assert server.incidents() == [("trigger", key), ("resolve", key)]


@pytest.mark.slow
def test_no_worker(server, look, monkeypatch):
    monkeypatch.setattr(judge, "NOT_READY_FOR", timedelta(0))
    server.client.create_work_pool(WorkPoolCreate(name="production", type="process"))
    server.deployment("products", work_pool_name="production")
    look()
    look()
    assert server.incidents() == [("trigger", "work-pool.production")]
    server.client.send_worker_heartbeat("production", "a worker", 30)
    look()
    assert server.incidents()[1:] == [("resolve", "work-pool.production")]


@pytest.mark.slow
def test_no_success(server, look, monkeypatch):
    monkeypatch.setattr(judge, "SUCCESS_WITHIN", timedelta(seconds=1))
    schedule = IntervalSchedule(interval=timedelta(seconds=1))
    deployment = server.deployment(
        "products", schedules=[{"schedule": schedule, "active": True}]
    )
    look()
    assert server.incidents() == []
    time.sleep(2.5)
    look()
    look()
    key = f"deployment.{deployment}"
    assert server.incidents() == [("trigger", key)]
    server.run(deployment, Running(), Completed())
    look()
    assert server.incidents()[:2] == [("trigger", key), ("resolve", key)]


@pytest.mark.slow
def test_what_was_seen_is_known_after_a_restart(server):
    server.client.create_work_pool(WorkPoolCreate(name="production", type="process"))
    deployment = server.deployment("products", work_pool_name="production")
    server.client.pause_deployment(deployment)
    before = datetime.now(UTC)
    first = Watch()
    first.look(server.client)
    assert first._history is not None
    seen = first._history.memory
    assert seen.paused.keys() == {deployment}
    assert seen.not_ready.keys() == {"production"}
    until(lambda: LetterEvents().memory(server.client) == seen, "the event", 30)
    server.client.resume_deployment(deployment)
    watch = Watch()
    watch.look(server.client)
    assert watch._history is not None
    assert watch._history.memory == seen
    assert before <= seen.paused[deployment] == seen.not_ready["production"]


@pytest.mark.parametrize(
    "status",
    [
        *(pytest.param(n, marks=pytest.mark.slow) for n in (403, 429)),
        *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (400, 404, 500, 503)),
    ],
)
def test_a_place_that_refuses(server, look, monkeypatch, caplog, status):
    monkeypatch.setattr(letters, "FIRST_PAUSE", timedelta(0))
    monkeypatch.setattr(letters, "REFUSED_FOR", timedelta(0))
    server.slack.status = status
    server.run(server.deployment("products"), Running(), Failed(message="away"))
    look()
    assert "alerts: not told run-failed: products/production failed" in caplog.text
    assert f"status {status}" in caplog.text
    look()
    assert server.incidents() == [("trigger", "place.messages")]
    server.slack.status = 200
    server.slack.api.requests.clear()
    look()
    look()
    look()
    assert len(server.texts()) == 1
    assert server.incidents()[1:] == [("resolve", "place.messages")]


@pytest.mark.slow
def test_what_happens_while_nobody_looks(server, look):
    """The server is restarted, too, and the runs' events may be lost."""
    deployment = server.deployment("products")
    look()
    server.run(deployment, Running(), Failed(message="away"))
    server.stop()
    server.start()
    look()
    assert server.texts() == ["products/production failed: away"]
