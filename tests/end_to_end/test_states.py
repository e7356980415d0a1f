"""Final states: Prefect shows how a run ended, and no task is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Iterator
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelling

from tests.cloud.processes import processes_in
from tests.end_to_end.platform import Platform

pytestmark = pytest.mark.slow

WAITING = "wait_for_file/production"
NEVER_CONNECTS = {"command": "sleep 300"}


@pytest.fixture(scope="module", autouse=True)
def waiting_deployment(platform: Platform) -> Iterator[None]:
    """A deployment whose runs wait for a file."""
    client = platform.client
    flow_id = client.create_flow_from_name("wait_for_file")
    deployment_id = client.create_deployment(
        flow_id=flow_id,
        name="production",
        entrypoint="tests.end_to_end.flow_that_waits.wait_for_file",
        work_pool_name="production",
        job_variables={"image": platform.image},
        pull_steps=[
            {"prefect.deployments.steps.set_working_directory": {"directory": "."}}
        ],
    )
    yield
    client.delete_deployment(deployment_id)


def waiting(platform: Platform, file: Path, **options: Any) -> UUID:
    """Start a run that goes on until a file exists."""
    return platform.start(WAITING, parameters={"path": str(file)}, **options)


def is_running(run: FlowRun) -> bool:
    return run.state_type == StateType.RUNNING


def has_a_task(run: FlowRun) -> bool:
    return bool(run.infrastructure_pid)


def cancel(platform: Platform, run_id: UUID) -> FlowRun:
    """Cancel a run, as the UI's button does."""
    platform.client.set_flow_run_state(run_id, Cancelling())
    return platform.wait(run_id)


def test_a_flow_that_raises_has_failed(platform):
    run = platform.wait(platform.start("test_alert/production"))
    assert run.state_type == StateType.FAILED
    assert "on purpose" in run.state.message
    platform.stopped_task(run.id)
    assert platform.run(run.id).state_type == StateType.FAILED


def test_a_process_that_dies_has_crashed(platform):
    parameters = {"way": "exits"}
    run = platform.wait(platform.start("test_alert/production", parameters=parameters))
    assert run.state_type == StateType.CRASHED
    platform.stopped_task(run.id)


def test_output_of_a_process_that_never_connected_is_in_the_run(platform):
    command = "python -c \"print('a library is missing'); raise SystemExit(7)\""
    run = platform.wait(
        platform.start("hello_world/production", job_variables={"command": command})
    )
    assert run.state_type == StateType.CRASHED
    platform.wait_for_line(run.id, "a library is missing")


def test_an_image_that_is_missing_is_named(platform):
    image = platform.image.rpartition(":")[0] + ":no-such-commit"
    run = platform.wait(
        platform.start("hello_world/production", job_variables={"image": image})
    )
    assert run.state_type == StateType.CRASHED
    line = platform.wait_for_line(run.id, "CannotPullContainerError")
    assert image in line


def test_a_task_that_is_stopped_has_crashed(platform, tmp_path):
    run_id = waiting(platform, tmp_path / "never")
    platform.wait(run_id, is_running)
    platform.cloud.client("ecs").stop_task(
        cluster=platform.outputs["ClusterArn"],
        task=platform.task(run_id)["taskArn"],
        reason="A person stopped it.",
    )
    assert platform.wait(run_id).state_type == StateType.CRASHED
    platform.stopped_task(run_id)


@pytest.mark.parametrize(
    ("when", "options"),
    [
        (is_running, {}),
        (has_a_task, {}),
        (has_a_task, {"job_variables": NEVER_CONNECTS}),
    ],
    ids=["running", "booting", "pending"],
)
def test_a_run_that_is_cancelled_leaves_no_task(platform, tmp_path, when, options):
    run_id = waiting(platform, tmp_path / "never", **options)
    platform.wait(run_id, when)
    assert cancel(platform, run_id).state_type == StateType.CANCELLED
    platform.stopped_task(run_id)
    assert platform.run(run_id).state_type == StateType.CANCELLED


def test_runs_outlive_a_worker_that_is_killed(platform, tmp_path):
    """Includes a run scheduled meanwhile: each run completes, and starts only once."""
    go_on = tmp_path / "go on"
    before = waiting(platform, go_on)
    platform.wait(before, is_running)

    (worker,) = platform.worker_tasks()
    kill(platform, worker["taskArn"])
    meanwhile = waiting(platform, go_on)
    platform.wait_for_successor(worker)
    platform.wait(meanwhile, is_running)
    go_on.touch()

    for run_id in (before, meanwhile):
        assert platform.wait(run_id).state_type == StateType.COMPLETED
        platform.task(run_id)  # fails if there are two
        assert platform.run(run_id).run_count == 1


def kill(platform: Platform, task_arn: str) -> None:
    """End a task's process with SIGKILL, as the kernel does for lack of memory."""
    folder = platform.cloud.folder / task_arn.rpartition("/")[2] / "app"
    (pid,) = processes_in(folder)
    os.kill(pid, signal.SIGKILL)
