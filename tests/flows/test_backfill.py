"""backfill, run against a real Prefect server."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any, Callable, Iterator
from uuid import uuid4

import pytest
from prefect import State
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.flow_engine import run_flow_sync
from prefect.states import AwaitingRetry, Cancelling

from flows.backfill import backfill
from tests.repository.tree import ROOT
from tests.samples.chunk_deployment import ChunkDeployment
from tests.servers.prefect_api import artifacts_of, deployment_named, logs_of
from tests.servers.python import python
from tests.servers.waiting import stop

FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2024, 1, 5)
DAYS = ("2024-01-01", "2024-01-03", "2024-01-05")  # on which chunks of two days begin
REASON = "ValueError: 2024-01-03 cannot be loaded."
JANUARY = [f"2024-01-{day:02}" for day in range(1, 9)]
SECONDS_TO_WAIT = 120


@pytest.fixture
def deployment(prefect_api):
    with ChunkDeployment().served() as served:
        yield served


def run(deployment: str, **options: Any) -> State:
    given = {"first_day": FIRST_DAY, "last_day": LAST_DAY, "chunk_days": 2} | options
    return backfill(deployment=deployment, **given, return_state=True)


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_it_runs_the_missing_chunks_and_publishes_each(deployment):
    deployment.failing = {DAYS[1]}
    failed = run(deployment.name)
    assert failed.is_failed()
    assert (
        "1 of 3 chunks are not done: 2024-01-03 to 2024-01-04 (Failed)."
        in failed.message
    )
    assert f"first failure, 2024-01-03 to 2024-01-04: {REASON}" in failed.message

    deployment.failing = set()
    state = run(deployment.name)

    assert state.is_completed()
    assert deployment.loaded == dict.fromkeys(DAYS, 1)
    for of, states, percent in [
        (failed, ["Completed", "Failed", "Completed"], 200 / 3),
        (state, ["Completed"] * 3, 100),
    ]:
        artifacts = artifacts_of(of.state_details.flow_run_id)
        assert artifacts["backfill-progress"]["data"] == pytest.approx(percent)
        rows = json.loads(artifacts["backfill-chunks"]["data"])
        assert [row["state"] for row in rows] == states
        assert rows[1]["chunk"] == "2024-01-03 to 2024-01-04"
        assert "/runs/flow-run/" in rows[1]["run"]
    published = artifacts_of(failed.state_details.flow_run_id)["backfill-chunks"]
    reasons = [row["reason"] for row in json.loads(published["data"])]
    assert reasons == ["", REASON.rstrip("."), ""]
    assert f"- failed: 2024-01-03 to 2024-01-04: {REASON}" in published["description"]
    report = state.result()
    assert report.summary.endswith("3 of 3 chunks done, 2 of them before")
    logged = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert "2024-01-03 to 2024-01-04: Completed. 3 of 3 chunks done" in logged


def test_it_stops_early_if_every_chunk_would_fail_the_same_way(deployment):
    """The reasons differ in their days. Afterwards it runs what is missing, as always."""
    range_of_days = {"last_day": date(2024, 1, 8), "chunk_days": 1, "at_once": 2}
    deployment.failing = set(JANUARY)

    state = run(deployment.name, **range_of_days)

    assert state.is_failed()
    assert sorted(deployment.tried[:2]) == JANUARY[:2]
    assert deployment.tried[2:] == JANUARY[-1:]
    assert "8 of 8 chunks are not done: 2024-01-01 (Failed), 2024-01-02 (F" in (
        state.message
    )
    assert "2024-01-03 (Not started)" in state.message
    assert (
        "2024-01-01: ValueError: 2024-01-01 cannot be loaded. All chunks that were tried"
        " failed for this reason, also the last one: the others were not started."
        in state.message
    )
    run_id = state.state_details.flow_run_id
    lines = "\n".join(log.message for log in logs_of(run_id))
    assert "The other 5 are not started: ValueError: 2024-01-01 cannot" in lines
    progress = artifacts_of(run_id)["backfill-progress"]
    assert progress["description"].startswith("Failed: 8 of 8 chunks are not done")

    deployment.failing = set()
    assert run(deployment.name, **range_of_days).is_completed()
    assert deployment.loaded == dict.fromkeys(JANUARY, 1)


def test_it_goes_on_if_the_reason_lies_in_the_first_days(deployment):
    deployment.failing = set(JANUARY[:5])

    state = run(deployment.name, last_day=date(2024, 1, 8), chunk_days=1, at_once=2)

    assert state.is_failed()
    assert deployment.loaded == dict.fromkeys(JANUARY[5:], 1)
    assert set(deployment.tried) == set(JANUARY)
    assert "5 of 8 chunks are not done" in state.message


def test_prefects_button_to_retry_continues_too(deployment):
    """Prefect makes the retried run the parent of all its chunks' runs."""
    deployment.failing = {DAYS[0]}
    failed = run(deployment.name)
    assert failed.is_failed()
    deployment.failing = set()
    with get_client(sync_client=True) as client:
        run_id = failed.state_details.flow_run_id
        client.set_flow_run_state(run_id, AwaitingRetry(), force=True)
        again = client.read_flow_run(run_id)

    state = run_flow_sync(backfill, again, again.parameters, return_type="state")

    assert state.is_completed()
    assert deployment.loaded == dict.fromkeys(DAYS, 1)


def test_a_killed_backfill_continues_with_the_missing_chunks(deployment):
    """The chunk that runs at the SIGKILL is waited for, and none runs twice."""
    deployment.hold(DAYS[1])
    command = ["--deployment", deployment.name, "--first-day", str(FIRST_DAY)]
    command += ["--last-day", str(LAST_DAY), "--chunk-days", "2", "--at-once", "1"]
    command += ["--parameters", '{"currency": "EUR"}']
    killed = subprocess.Popen([python(), "-m", "flows.backfill", *command], cwd=ROOT)
    wait_until(lambda: deployment.loaded)
    deployment.wait_until_running(1)
    killed.kill()
    killed.wait()

    threading.Timer(2, deployment.release).start()
    state = run(deployment.name, at_once=1, parameters={"currency": "EUR"})

    assert state.is_completed()
    assert deployment.loaded == dict.fromkeys(DAYS, 1)
    assert state.result().done_before == 1
    logged = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert any("1 of 3 chunks done, 1 running. Tag" in line for line in logged)


@pytest.mark.parametrize(
    "options, answer",
    [
        ({"first_day": date(2024, 1, 6)}, "last_day 2024-01-05 is before first_day"),
        ({"last_day": date.max}, "last_day 9999-12-31 is not over yet"),
        ({"chunk_days": 0}, "greater than or equal to 1"),
        ({"at_once": 0}, "greater than or equal to 1"),
        ({"parameters": {"base": "EUR"}}, "no parameter base. It has first_day, last_"),
    ],
)
def test_arguments_that_make_no_sense_start_nothing(deployment, options, answer):
    state = run(deployment.name, **options)
    assert state.is_failed()
    assert answer in state.message
    assert not deployment.loaded
    told = artifacts_of(state.state_details.flow_run_id)
    # Prefect refuses values of a wrong type before the flow begins
    if "greater than" not in answer:
        assert answer in told["backfill-progress"]["description"]


@pytest.fixture
def served(prefect_api, tmp_path) -> Iterator[tuple[str, Path]]:
    """The name of two deployments whose runs are processes, and the file of chunks."""
    name, loaded = f"served-{uuid4().hex[:8]}", tmp_path / "loaded"
    serving = subprocess.Popen(
        [python(), "-m", "tests.samples.served_chunks", name],
        cwd=ROOT,
        env=os.environ
        | {"CHUNKS_LOADED": str(loaded), "PREFECT_RUNNER_POLL_FREQUENCY": "1"},
    )
    yield name, loaded
    stop(serving)


@pytest.mark.slow
def test_cancelling_it_cancels_its_chunks(served):
    """Runs are processes here. A backfill afterwards runs the missing chunks."""
    name, loaded = served
    hold = loaded.with_suffix(".hold")
    hold.touch()
    given = {"deployment": f"load_served_chunk/{name}", "chunk_days": 1}
    given |= {"first_day": "2024-01-01", "last_day": "2024-01-02"}
    with get_client(sync_client=True) as client:

        def runs_of(chunk: str) -> list[FlowRun]:
            only = FlowRunFilter(
                name=FlowRunFilterName(any_=[chunk]),
                deployment_id=FlowRunFilterDeploymentId(
                    any_=[deployment_named(given["deployment"])["id"]]
                ),
            )
            return client.read_flow_runs(flow_run_filter=only)

        def state_of(run: FlowRun) -> StateType:
            return client.read_flow_run(run.id).state_type

        wait_until(lambda: is_deployed(client, f"backfill/{name}"))
        cancelled = run_deployment(f"backfill/{name}", parameters=given, timeout=0)
        wait_until(
            lambda: loaded.exists()
            and any(each.state.is_running() for each in runs_of("2024-01-02"))
        )
        [chunk] = runs_of("2024-01-02")
        client.set_flow_run_state(cancelled.id, Cancelling())
        wait_until(lambda: state_of(chunk) == StateType.CANCELLED)
        assert state_of(cancelled) == StateType.CANCELLED

    hold.unlink()
    assert backfill(**given, return_state=True).is_completed()
    lines = loaded.read_text().splitlines()
    assert lines == ["2024-01-01 2024-01-01", "2024-01-02 2024-01-02"]


def is_deployed(client: SyncPrefectClient, name: str) -> bool:
    try:
        return bool(client.read_deployment_by_name(name))
    except ObjectNotFound:
        return False
