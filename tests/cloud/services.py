"""Keeps the tasks of ECS's services running, and replaces them after an update.

A new revision's tasks start first; once they run, the old ones stop. A task that ended
is replaced after a pause that grows with each failure. Not faked: circuit breaker,
health checks, load balancers.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from moto.ecs.models import EC2ContainerServiceBackend

from tests.cloud.account import backend
from tests.cloud.fargate import Fargate

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.3
LONGEST_PAUSE = 15.0


class Services:
    """Scheduler of all services of the account."""

    def __init__(self, fargate: Fargate) -> None:
        self._fargate = fargate
        self._pauses: dict[str, tuple[float, float]] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look_after, daemon=True)

    def start(self) -> None:
        """Start to watch the services."""
        _list_tasks_as_aws_does()
        self._thread.start()

    def close(self) -> None:
        """Start no more tasks."""
        self._closing.set()
        self._thread.join()

    def _look_after(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            try:
                self._look()
            except Exception:
                logger.exception("services")

    def _look(self) -> None:
        ecs = backend("ecs")
        services = {_group(each): each for each in list(ecs.services.values())}
        tasks: dict[str, list[Any]] = {}
        for in_cluster in list(ecs.tasks.values()):
            for task in list(in_cluster.values()):
                if task.group.startswith("service:"):
                    tasks.setdefault(f"{task.cluster_arn} {task.group}", []).append(
                        task
                    )
        for group, service in services.items():
            self._keep(service, tasks.pop(group, []))
        for orphans in tasks.values():
            for task in orphans:
                self._stop(task)

    def _keep(self, service: Any, tasks: list[Any]) -> None:
        wanted = int(service.desired_count) if service.status == "ACTIVE" else 0
        alive = [task for task in tasks if task.last_status != "STOPPED"]
        current, others = [], []
        for task in alive:
            if task.desired_status == "RUNNING":
                is_current = task.task_definition_arn == service.task_definition
                (current if is_current else others).append(task)
        running = [task for task in current if task.last_status == "RUNNING"]
        for task in current[wanted:]:
            self._stop(task)
        if len(running) >= wanted:
            for task in others:
                self._stop(task)
        ended = [task for task in tasks if task.desired_status == "STOPPED"]
        if len(current) < wanted and self._may_start(service, len(ended)):
            self._start(service)
        _report(service, wanted, current, running, settled=len(alive) == len(running))

    def _may_start(self, service: Any, ended: int) -> bool:
        """Return whether a task may start. Failures delay it 1, 2, 4... seconds."""
        since, pause = self._pauses.get(service.arn, (0.0, 0.0))
        if time.monotonic() - since < pause:
            return False
        longer = min(max(1.0, 2 * pause), LONGEST_PAUSE) if ended else 0.0
        self._pauses[service.arn] = (time.monotonic(), longer)
        return True

    def _start(self, service: Any) -> None:
        backend("ecs").run_task(
            service.cluster_name,
            service.task_definition,
            1,
            None,
            service.deployments[0]["id"],
            None,
            "FARGATE",
            service.network_configuration or None,
            group=f"service:{service.name}",
        )

    def _stop(self, task: Any) -> None:
        if task.desired_status == "RUNNING":
            reason = f"Scaling activity initiated by (deployment {task.started_by})"
            self._fargate.stop(task, "ServiceSchedulerInitiated", reason)


def _list_tasks_as_aws_does() -> None:
    """Let ListTasks default to tasks meant to run, and filter by service."""
    ecs: Any = EC2ContainerServiceBackend
    original = ecs.list_tasks

    def list_tasks(self: Any, *asked: Any) -> list[Any]:
        *others, service, status = asked
        tasks = original(self, *others, None, status or "RUNNING")
        group = service and f"service:{service.rpartition('/')[2]}"
        return [task for task in tasks if not group or task.group == group]

    ecs.list_tasks = list_tasks


def _group(service: Any) -> str:
    return f"{service.cluster_arn} service:{service.name}"


def _report(
    service: Any, wanted: int, current: list[Any], running: list[Any], settled: bool
) -> None:
    """Update the state of a service that DescribeServices returns."""
    service.running_count = len(running)
    service.pending_count = len(current) - len(running)
    done = len(running) == wanted and settled
    for deployment in service.deployments[:1]:
        deployment |= {
            "taskDefinition": service.task_definition,
            "desiredCount": wanted,
            "runningCount": len(running),
            "pendingCount": service.pending_count,
            "rolloutState": "COMPLETED" if done else "IN_PROGRESS",
        }
    del service.deployments[1:]
