"""Fargate: starts and stops the tasks of moto's ECS."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Callable

from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api import state_manager

from tests.cloud.account import backend
from tests.cloud.call import Call
from tests.cloud.container_process import Runner
from tests.cloud.credentials import Credentials
from tests.cloud.task_life import CLEAN_UP_SECONDS, TaskLife


class Fargate:
    """Runner of all tasks of moto's ECS."""

    def __init__(
        self,
        url: str,
        folder: Path,
        credentials: Credentials,
        admit: Callable[[Call], None],
        at_once: int,
    ) -> None:
        self.url, self.folder = url, folder
        self.runner: Runner
        self.credentials, self.admit = credentials, admit
        # tasks of services do not count: they never end
        self._capacity = threading.BoundedSemaphore(at_once)
        self._lives: dict[str, TaskLife] = {}

    def install(self) -> None:
        """Replace moto's starting and stopping of tasks, and tell which are missing."""
        # moto would change a task's state each time it is read
        state_manager.set_transition(
            "ecs::task", {"progression": "manual", "times": 10**12}
        )
        run_task = EC2ContainerServiceBackend.run_task

        def run(ecs: Any, *args: Any, **kwargs: Any) -> list[Any]:
            tasks = run_task(ecs, *args, **kwargs)
            for task in tasks:
                self.launch(task)
            return tasks

        def stop(ecs: Any, cluster: str, name: str, reason: str | None) -> Any:
            tasks = ecs.tasks.get(ecs._get_cluster(cluster).name, {})
            for arn, task in tasks.items():
                if arn.endswith(name.rpartition("/")[2]):
                    self.stop(task, "UserInitiated", reason or "Task stopped by user")
                    return task
            raise InvalidParameterException("The referenced task was not found.")

        describe_tasks = EC2ContainerServiceResponse.describe_tasks

        def describe(self: Any) -> Any:
            answer = describe_tasks(self)
            known = {task.id for task in answer.result["tasks"]}
            answer.result["failures"] = [
                {"arn": arn, "reason": "MISSING"}
                for arn in self._get_param("tasks", [])
                if arn.rpartition("/")[2] not in known
            ]
            return answer

        EC2ContainerServiceResponse.describe_tasks = describe  # type: ignore[method-assign]
        EC2ContainerServiceBackend.run_task = run  # type: ignore[method-assign]
        EC2ContainerServiceBackend.stop_task = stop  # type: ignore[method-assign]

    def launch(self, task: Any) -> None:
        """Start a task."""
        life = TaskLife(self, task)
        self._lives[task.task_arn] = life
        life.thread.start()

    def stop(self, task: Any, code: str, reason: str) -> None:
        """Ask a task to end."""
        self._lives[task.task_arn].stop(code, reason)

    def forget(self, arn: str) -> None:
        """Forget a task that has stopped, as ECS does after an hour or more."""
        for tasks in backend("ecs").tasks.values():
            tasks.pop(arn, None)

    def capacity(self, task: Any) -> threading.Semaphore | None:
        """Return the limit for which a PENDING task waits."""
        return None if task.group.startswith("service:") else self._capacity

    def kill(self) -> None:
        """Kill the processes of all tasks, without a word to them."""
        for life in list(self._lives.values()):
            life.kill()

    def close(self) -> None:
        """End all processes, and wait until they are cleaned up."""
        self.kill()
        for life in list(self._lives.values()):
            life.thread.join(CLEAN_UP_SECONDS)
