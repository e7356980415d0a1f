"""Tasks of an ECS cluster that prefect-aws has started for runs."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Iterator
from uuid import UUID

from utils.aws.client import asking_aws, aws_client
from utils.errors import sentence

TAG = "prefect.io/flow-run-id"
MOST_DESCRIBED = 100
# Watch has more to do than to wait for AWS: it looks again a minute later.
IMPATIENT: dict[str, Any] = {
    "connect_timeout": 3,
    "read_timeout": 5,
    "retries": {"mode": "standard", "total_max_attempts": 1},
}


@dataclass(frozen=True)
class LiveTask:
    """Task of a run that has not been told to stop."""

    arn: str
    run: UUID
    created: datetime


@dataclass(frozen=True)
class StoppedTask:
    """Task that has stopped."""

    arn: str
    created: datetime | None = None
    """None if ECS has forgotten it."""
    stopped: datetime | None = None
    reason: str = ""
    """ECS's words, and the container's exit code if it had begun."""
    is_placed: bool = True
    """False if ECS found no place for it."""


@dataclass(frozen=True)
class EcsTasks:
    """Tasks of a cluster.

    Args:
        cluster: Name or ARN of the cluster.
    """

    cluster: str

    @cached_property
    def _ecs(self) -> Any:
        region = self.cluster.split(":")[3] if ":" in self.cluster else None
        return aws_client("ecs", region_name=region, **IMPATIENT)

    def arn(self, infrastructure: str) -> str:
        """Return the ARN of a run's task, "" if it has none in this cluster.

        Args:
            infrastructure: Cluster, two colons and ARN, as prefect-aws writes it.
        """
        arn = infrastructure.rpartition("::")[2]
        return arn if f":task/{self.cluster.rpartition('/')[2]}/" in arn else ""

    def live(self) -> list[LiveTask]:
        """Return the runs' tasks that ECS keeps going."""
        found = []
        with self._asking("ListTasks"):
            pages = self._ecs.get_paginator("list_tasks").paginate(
                cluster=self.cluster, desiredStatus="RUNNING"
            )
            arns = [arn for page in pages for arn in page["taskArns"]]
        for task in self._described(arns):
            tags = {each["key"]: each["value"] for each in task.get("tags", [])}
            if task.get("desiredStatus") != "RUNNING":
                continue  # it was listed late, or is told to stop since then
            with suppress(KeyError, ValueError):  # no run's task
                run = UUID(tags[TAG])
                if not task.get("group", "").startswith("service:"):
                    found.append(LiveTask(task["taskArn"], run, task["createdAt"]))
        return found

    def stopped(self, arns: list[str]) -> dict[str, StoppedTask]:
        """Return those of the tasks that have stopped, or that ECS has forgotten."""
        return {
            task["taskArn"]: _stopped(task)
            for task in self._described(arns)
            if task.get("lastStatus") in ("STOPPED", None)
        }

    def stop(self, arn: str, reason: str) -> None:
        """Stop a task.

        Args:
            arn: The task.
            reason: Text of 255 characters at most, which the task shows.
        """
        with self._asking("StopTask"):
            self._ecs.stop_task(cluster=self.cluster, task=arn, reason=reason[:255])

    def _described(self, arns: list[str]) -> Iterator[dict[str, Any]]:
        """Yield what ECS tells of tasks: of a forgotten one its ARN alone."""
        for first in range(0, len(arns), MOST_DESCRIBED):
            some = arns[first : first + MOST_DESCRIBED]
            with self._asking("DescribeTasks"):
                told = self._ecs.describe_tasks(
                    cluster=self.cluster, tasks=some, include=["TAGS"]
                )
            yield from told["tasks"]
            for failure in told["failures"]:
                if failure.get("reason") == "MISSING":
                    yield {"taskArn": failure["arn"]}

    def _asking(self, action: str) -> AbstractContextManager[None]:
        return asking_aws("the tasks of runs", f"ecs:{action}", "There is no cluster.")


def _stopped(task: dict[str, Any]) -> StoppedTask:
    if "lastStatus" not in task:
        return StoppedTask(task["taskArn"])
    containers = task.get("containers", [])
    codes = [each["exitCode"] for each in containers if "exitCode" in each]
    reason = sentence(task.get("stoppedReason") or "ECS gives no reason")
    if codes:
        reason += f" Its exit code was {codes[0]}."
    return StoppedTask(
        task["taskArn"],
        task.get("createdAt"),
        task.get("stoppedAt"),
        reason,
        is_placed=bool(containers) or task.get("stopCode") != "TaskFailedToStart",
    )
