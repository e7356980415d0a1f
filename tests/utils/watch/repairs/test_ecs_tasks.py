"""Tasks of ECS, as boto's own client reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from botocore.stub import Stubber

from utils.errors import ClearError
from utils.watch.repairs.ecs_tasks import MOST_DESCRIBED, TAG, EcsTasks, StoppedTask

CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster/ours"
BEGAN = datetime(2026, 12, 1, 12, tzinfo=UTC)


def arn(number: int, cluster: str = "ours") -> str:
    return f"arn:aws:ecs:eu-central-1:123456789012:task/{cluster}/{number:032}"


@pytest.fixture
def tasks(monkeypatch) -> EcsTasks:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return EcsTasks(CLUSTER)


@pytest.fixture
def ecs(tasks):
    with Stubber(tasks._ecs) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def listed(ecs: Stubber, *arns: str) -> None:
    """Expect a call that lists tasks."""
    wanted = {"cluster": CLUSTER, "desiredStatus": "RUNNING"}
    ecs.add_response("list_tasks", {"taskArns": list(arns)}, wanted)


def described(ecs: Stubber, arns: list[str], *tasks: dict, missing=()) -> None:
    """Expect a call that describes tasks."""
    wanted = {"cluster": CLUSTER, "tasks": arns, "include": ["TAGS"]}
    failures = [{"arn": each, "reason": "MISSING"} for each in missing]
    ecs.add_response("describe_tasks", {"tasks": tasks, "failures": failures}, wanted)


def task(number: int, run: object = None, **more) -> dict:
    tags = [{"key": TAG, "value": str(run)}] if run else []
    told = {"taskArn": arn(number), "createdAt": BEGAN, "tags": tags}
    return told | {"lastStatus": "RUNNING", "desiredStatus": "RUNNING"} | more


def test_tasks_of_others_do_not_count(tasks, ecs):
    run, arns = uuid4(), [arn(number) for number in range(6)]
    listed(ecs, *arns)
    described(
        *(ecs, arns, task(0, run), task(1), task(2, "not an id")),
        task(3, run, group="service:worker"),
        task(4, run, desiredStatus="STOPPED"),
        missing=[arn(5)],
    )
    assert [(each.arn, each.run) for each in tasks.live()] == [(arn(0), run)]


def test_a_hundred_tasks_are_described_at_once(tasks, ecs):
    run, arns = uuid4(), [arn(number) for number in range(MOST_DESCRIBED + 1)]
    listed(ecs, *arns)
    described(ecs, arns[:-1], *(task(number, run) for number in range(MOST_DESCRIBED)))
    described(ecs, arns[-1:], task(MOST_DESCRIBED, run))
    assert len(tasks.live()) == len(arns)


def test_an_empty_cluster_takes_one_call(tasks, ecs):
    listed(ecs)
    assert tasks.live() == [] and tasks.stopped([]) == {}


def test_what_has_stopped_is_told_with_its_reason(tasks, ecs):
    arns = [arn(number) for number in range(5)]
    stopped = {"lastStatus": "STOPPED", "stoppedAt": BEGAN}
    killed = {"name": "prefect", "exitCode": 137}
    described(
        *(ecs, arns, task(0), task(1, lastStatus="DEPROVISIONING")),
        task(2, **stopped, stoppedReason="Out of memory", containers=[killed]),
        task(3, **stopped, stopCode="TaskFailedToStart", containers=[]),
        missing=[arn(4)],
    )
    assert tasks.stopped(arns) == {
        arn(2): StoppedTask(
            *(arn(2), BEGAN, BEGAN, "Out of memory. Its exit code was 137.")
        ),
        arn(3): StoppedTask(
            *(arn(3), BEGAN, BEGAN, "ECS gives no reason."), is_placed=False
        ),
        arn(4): StoppedTask(arn(4)),
    }


def test_a_task_s_reason_is_as_long_as_ecs_takes_it(tasks, ecs):
    wanted = {"cluster": CLUSTER, "task": arn(0), "reason": "a" * 255}
    ecs.add_response("stop_task", {}, wanted)
    tasks.stop(arn(0), "a" * 300)


def test_a_refusal_is_told_in_words(tasks, ecs):
    ecs.add_client_error("list_tasks", "ThrottlingException", "Rate exceeded")
    with pytest.raises(
        ClearError, match="AWS refuses the tasks of runs: Rate exceeded"
    ):
        tasks.live()
    ecs.add_client_error(
        "list_tasks", "AccessDeniedException", "no", http_status_code=400
    )
    with pytest.raises(ClearError, match="the right ecs:ListTasks"):
        tasks.live()


def test_a_run_s_task_is_known_by_its_cluster():
    tasks = EcsTasks(CLUSTER)
    assert tasks.arn(f"{CLUSTER}::{arn(1)}") == arn(1)
    for other in ("", "laptop:4711", f"{CLUSTER}::{arn(1, 'ours-2')}"):
        assert tasks.arn(other) == ""
