"""A schedule that is faster than its runs, on a real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.states import Pending, Running

from utils.watch.look import Watch
from utils.watch.repairs.surplus_runs import cancel_surplus_runs

NOW = datetime.now(UTC)
EACH_MINUTE = DeploymentScheduleCreate(
    schedule=IntervalSchedule(interval=timedelta(minutes=1), anchor_date=NOW)
)


@pytest.mark.slow
def test_of_the_runs_that_wait_the_newest_is_kept(server):
    deployment = server.deployment(
        "products",
        tags=("alerts", "load"),
        schedules=[EACH_MINUTE],
        concurrency_limit=1,
    )
    oldest, *others = scheduled(server, deployment, 5)
    for state in (Pending(), Running()):
        server.client.set_flow_run_state(oldest, state)
    by_hand = server.run(deployment)
    with_parameters = server.run(deployment, full_refresh=True)
    for id in (*others, by_hand.id, with_parameters.id):
        server.client.set_flow_run_state(id, Pending())  # becomes a wait for the slot

    cancel_surplus_runs(server.client, Watch().look(server.client))

    found = {run.id: run for run in server.client.read_flow_runs()}
    *surplus, newest = others
    for id in surplus:
        assert found[id].state_name == "Cancelled"
        assert found[id].state.message.startswith(f"{found[newest].name} waits, too")
    assert found[oldest].state_name == "Running"
    for id in (newest, by_hand.id, with_parameters.id):
        assert found[id].state_name == "AwaitingConcurrencySlot"
    assert server.texts() == []


@pytest.mark.slow
def test_runs_that_wait_for_their_time_are_left(server):
    deployment = server.deployment(
        "products", tags=("dev", "load"), schedules=[EACH_MINUTE]
    )
    runs = scheduled(server, deployment, 3)
    cancel_surplus_runs(server.client, Watch().look(server.client))
    found = {run.id: run.state_name for run in server.client.read_flow_runs()}
    # the first ones may be due by now
    assert {found[id] for id in runs} <= {"Scheduled", "Late"}


@pytest.mark.slow
def test_runs_that_do_not_load_all_that_is_new_are_left(server):
    deployment = server.deployment(
        "exports", schedules=[EACH_MINUTE], concurrency_limit=1
    )
    first, *others = scheduled(server, deployment, 3)
    for id in (first, *others):
        server.client.set_flow_run_state(id, Pending())
    cancel_surplus_runs(server.client, Watch().look(server.client))
    found = {run.id: run.state_name for run in server.client.read_flow_runs()}
    assert [found[id] for id in others] == ["AwaitingConcurrencySlot"] * 2


def scheduled(server, deployment, number: int) -> list:
    """Return the ids of runs that the server has scheduled in the last minutes."""
    span = {
        "start_time": (NOW - timedelta(minutes=number)).isoformat(),
        "end_time": NOW.isoformat(),
        "min_runs": number,
        "max_runs": number,
    }
    server.client.request("POST", f"/deployments/{deployment}/schedule", json=span)
    runs = [run for run in server.client.read_flow_runs() if run.auto_scheduled]
    runs.sort(key=lambda run: run.expected_start_time)
    return [run.id for run in runs[:number]]
