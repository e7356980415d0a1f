"""A restored database: what has run is not run again, and nobody is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Iterator

import pytest
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import Completed, Pending, Running

from tests.infrastructure.control_plane.restored_server import (
    RestoredServer,
    restored_server,
)
from tests.servers.waiting import until
from tests.utils.watch import history_form as form
from tests.utils.watch.server_tables import leave_load
from utils.watch.judge import SUCCESS_WITHIN, incidents, messages
from utils.watch.look import Watch, last_restore
from utils.watch.repairs.repairs import Repairs
from utils.watch.repairs.silent_runs import SILENT_FOR

pytestmark = pytest.mark.slow

HOURS = 30
HOURLY = DeploymentScheduleCreate(
    schedule=CronSchedule(cron="0 * * * *", timezone="UTC"), active=True
)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RestoredServer]:
    with restored_server(tmp_path_factory.mktemp("restored")) as server:
        yield server


def test_a_backup_of_yesterday_is_put_back_while_runs_were_going(server, caplog):
    watched = server.watched
    products = watched.deployment("products", schedules=[HOURLY], concurrency_limit=1)
    van = watched.deployment("van", concurrency_limit=1)
    until(lambda: server.next_runs(products), "the schedule's runs")
    Watch().look(watched.client)
    completed = watched.run(products, Pending(), Running(), Completed())
    going = watched.run(products, Pending(), Running())
    taken = watched.run(van, Pending())
    was_due, later = server.scheduled(van, 1), server.scheduled(van, HOURS + 24)
    backed_up = datetime.now(UTC) - timedelta(hours=HOURS)
    server.back_up(hours_ago=HOURS)
    forgotten = watched.run(van, Pending(), Running(), Completed())
    watched.stop()
    waiting = "SELECT count(*) FROM automation_bucket"
    assert server.postgres.query(waiting) != "0"  # for watch to look again
    told = server.restore()
    assert server.postgres.query(waiting) == "0"
    watched.start()

    assert "1 runs were going then" in told
    assert "  van/production: 2\n" in told
    names = [server.state(e) for e in (completed, going, taken, was_due, later)]
    assert names == ["Completed", "Running", "Unknown", "Unknown", "Scheduled"]
    assert forgotten.id not in {run.id for run in watched.client.read_flow_runs()}
    restored = last_restore(watched.client)
    assert abs(restored.known_until - backed_up) < timedelta(minutes=1)
    assert (
        "restored from a backup" in watched.client.read_flow_run(taken.id).state.message
    )

    watch, repairs = Watch(), Repairs()
    history = watch.look(watched.client)
    slots = {each.name: each.concurrency_limit for each in history.deployments}
    assert slots["products/production"].active_slots == 1
    assert slots["van/production"].active_slots == 0
    assert not list(messages(history)) and not list(incidents(history))
    repairs.make(watched.client, history)
    for seconds in range(0, 240, 30):  # within one look's gap
        now = history.now + timedelta(seconds=seconds)
        repairs.make(watched.client, replace(history, now=now))
    assert server.state(going) == "Unknown"
    assert "ended. Prefect's database was restored" in caplog.text
    scheduled = until(
        lambda: server.next_runs(products),
        "the schedule's next runs",
        180,  # the scheduler looks each minute
    )
    assert len({run.expected_start_time for run in scheduled}) == len(scheduled)

    Watch().look(watched.client)
    assert not watched.slack.taken and not watched.pagerduty.taken
    # what is promised after the restore is promised
    overdue = restored.at + timedelta(hours=1) + SUCCESS_WITHIN
    after = replace(watch.look(watched.client), now=overdue)
    assert [str(each.kind) for each in incidents(after)] == ["no-success"]


def test_what_is_no_backup_changes_nothing(server, tmp_path):
    """Neither what is no archive, nor one that was cut off, nor one of another program."""
    server.back_up()
    before = server.postgres.query("SELECT count(*) FROM flow_run")
    other = tmp_path / "other.dump"
    whole = server.backup.read_bytes()
    for content in (b"", b"no archive", whole[: len(whole) // 2]):
        other.write_bytes(content)
        with pytest.raises(RuntimeError, match="pg_restore: error"):
            server.restore(other)
    assert server.postgres.query("SELECT count(*) FROM flow_run") == before
    assert server.watched.client.api_healthcheck() is None


def test_a_backup_of_a_server_without_runs(server):
    """It does not say of when it is."""
    orders = server.watched.deployment("orders")
    run = server.watched.run(orders, Pending(), Running())
    server.back_up_without_runs()
    server.watched.stop()
    told = server.restore()
    server.watched.start()
    assert "0 runs were going then" in told
    restored = last_restore(server.watched.client)
    assert restored.known_until == restored.at
    assert run.id not in {each.id for each in server.watched.client.read_flow_runs()}
