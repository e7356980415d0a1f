"""Final states: Prefect shows how a run ended, and no task is left."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable, Iterator
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelling, Crashed

from tests.cloud.processes import processes_in
from tests.end_to_end.platform import Platform
from tests.servers.waiting import until
from utils.watch.history import Memory
from utils.watch.prefect_history import PrefectHistory
from utils.watch.repairs.ecs_tasks import EcsTasks
from utils.watch.repairs.sweeper import GONE, Sweeper

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
        tags=["production"],
        work_pool_name="production",
        job_variables={"image": platform.image},
        pull_steps=[
            {"prefect.deployments.steps.set_working_directory": {"directory": "."}}
        ],
    )
    yield
    client.delete_deployment(deployment_id)


@pytest.fixture
def sweep(platform: Platform) -> Callable[[], None]:
    """Function that looks as the sweeper does, with the worker's role, and waits for less."""
    tasks = EcsTasks(platform.outputs["ClusterArn"])
    role = platform.outputs["WorkerRoleArn"]
    vars(tasks)["_ecs"] = platform.cloud.client_of(role, "ecs")
    second = timedelta(seconds=1)
    sweeper = Sweeper(tasks, every=second, gone_for=second, over_for=second)
    history = PrefectHistory(Memory())
    return lambda: sweeper.sweep(platform.client, history.look(platform.client))


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


def test_watch_looks_at_the_tasks_of_runs(platform):
    worker = platform.outputs["WorkerRoleArn"].rpartition("/")[2]
    which = {"action": "ListTasks", "who": worker, "status": "200"}
    until(lambda: platform.cloud.calls(**which), "watch to ask ECS")


def test_a_run_whose_end_was_not_told_has_crashed(platform, tmp_path, sweep):
    """prefect-aws acknowledges the event of a task that it cannot describe."""
    run_id = waiting(platform, tmp_path / "never")
    platform.wait(run_id, is_running)
    task = platform.task(run_id)["taskArn"]
    platform.replace_worker()  # which has read the tags of this task before
    sqs = platform.cloud.client("sqs")
    queue = sqs.get_queue_url(QueueName=platform.outputs["EventsQueueName"])["QueueUrl"]
    waits = "ApproximateNumberOfMessages"

    def is_read() -> bool:
        told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[waits])
        return told["Attributes"][waits] == "0"

    def refused() -> list[dict[str, Any]]:
        calls = platform.cloud.calls(action="DescribeTasks", status="400")
        return [call for call in calls if call["parameters"]["tasks"] == [task]]

    until(is_read, "the worker to read earlier events")
    platform.cloud.throttle("ecs", "DescribeTasks", times=10**6)
    try:
        kill(platform, task)
        # as many as AWS_MAX_ATTEMPTS of the worker
        until(lambda: len(refused()) == 10, "the worker to give up")
    finally:
        platform.cloud.throttle("ecs", "DescribeTasks", times=0)
    assert is_running(platform.run(run_id))

    def has_ended() -> bool:
        sweep()
        return platform.run(run_id).state.is_final()

    until(has_ended, "the sweeper", 60, every=0.5)
    state = platform.run(run_id).state
    assert state.type == StateType.CRASHED
    assert state.message.startswith(GONE) and "exit code was 137" in state.message


def test_a_task_whose_run_is_over_is_stopped(platform, tmp_path, sweep):
    over, going = (
        waiting(platform, tmp_path / "never", job_variables=NEVER_CONNECTS)
        for _ in range(2)
    )
    for run_id in (over, going):
        platform.wait(run_id, has_a_task)
    platform.client.set_flow_run_state(over, Crashed(message="A person ended it."))

    def has_stopped() -> bool:
        sweep()
        return platform.task(over)["desiredStatus"] == "STOPPED"

    until(has_stopped, "the sweeper", 60, every=0.5)
    assert f"({over}) is Crashed since" in platform.stopped_task(over)["stoppedReason"]
    assert platform.task(going)["desiredStatus"] == "RUNNING"
    cancel(platform, going)


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
    """End a task's processes with SIGKILL, as the kernel does for lack of memory."""
    folder = platform.cloud.folder / task_arn.rpartition("/")[2] / "app"
    for pid in processes_in(folder):
        with suppress(ProcessLookupError):  # it has ended with another one
            os.kill(pid, signal.SIGKILL)
