"""The life of a task on Fargate: PROVISIONING, PENDING, RUNNING, STOPPED.

Each task has a thread that walks through these states, runs the container's command,
and tells EventBridge of each state, as ECS does.
"""

from __future__ import annotations

import itertools
import logging
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable

from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend
from moto.moto_api import state_manager

from tests.cloud.account import REGION, backend
from tests.cloud.agent import Agent, Log, TaskFailedToStart
from tests.cloud.call import Call
from tests.cloud.container_process import ContainerProcess, Runner
from tests.cloud.credentials import Credentials
from tests.cloud.task_events import announce

logger = logging.getLogger(__name__)
STOP_SECONDS = 30  # ECS's stopTimeout, if a container has none
CLEAN_UP_SECONDS = 10


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
        """Replace moto's starting and stopping of tasks."""
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

    def capacity(self, task: Any) -> threading.Semaphore | None:
        """Return the limit for which a PENDING task waits."""
        return None if task.group.startswith("service:") else self._capacity

    def close(self) -> None:
        """End all processes, and wait until they are cleaned up."""
        for life in list(self._lives.values()):
            life.kill()
        for life in list(self._lives.values()):
            life.thread.join(CLEAN_UP_SECONDS)


class TaskLife:
    """Life of one task, from its start to its end."""

    def __init__(self, fargate: Fargate, task: Any) -> None:
        self.fargate, self.task = fargate, task
        self.folder = fargate.folder / task.id
        self.runner = fargate.runner
        self.definition = backend("ecs").describe_task_definition(
            task.task_definition_arn
        )
        self.container = self.definition.container_definitions[0]
        overrides = task.overrides.get("containerOverrides", [])
        named = (
            each for each in overrides if each.get("name") == task.containers[0].name
        )
        self.override: dict[str, Any] = next(named, {})
        task.created_at = _now()
        task.cpu = task.overrides.get("cpu") or self.definition.cpu
        task.memory = task.overrides.get("memory") or self.definition.memory
        for container in task.containers:
            container.exitCode = None
            container.task_arn = task.task_arn
            container.container_arn = f"{task.task_arn}/{container.name}".replace(
                ":task/", ":container/"
            )
        task.last_status = "PROVISIONING"
        self.thread = threading.Thread(target=self.run, name=task.id, daemon=True)
        self._stopping = threading.Event()
        self._process: ContainerProcess | None = None
        self._killing = threading.Lock()
        self._killed = False

    def stop(self, code: str, reason: str) -> None:
        """Ask the task to end, and record the reason."""
        if self.task.desired_status != "STOPPED":
            self.task.desired_status = "STOPPED"
            self.task.stop_code, self.task.stopped_reason = code, reason
            self.task.stopping_at = _now()
        self._stopping.set()

    def kill(self) -> None:
        """Kill the task's processes, and prevent new ones."""
        self.stop("UserInitiated", "The cloud ends.")
        with self._killing:
            self._killed = True
            if self._process is not None:
                self._process.kill()

    def run(self) -> None:
        """Take the task through its states."""
        task, capacity = self.task, self.fargate.capacity(self.task)
        try:
            announce(task)
            self._become("PENDING")
            while capacity and not capacity.acquire(timeout=0.2):
                if self._stopping.is_set():
                    capacity = None
            self._run_container()
        except TaskFailedToStart as error:
            self.stop("TaskFailedToStart", str(error))
            task.containers[0].reason = str(error).partition(": ")[2]
        except Exception as error:
            logger.exception("task %s", task.id)
            self.stop("TaskFailedToStart", f"CannotStartContainerError: {error}")
        finally:
            if capacity:
                capacity.release()
            self.fargate.credentials.take(task.id)
            task.stopped_at = task.execution_stopped_at = _now()
            self._become("STOPPED")

    def _run_container(self) -> None:
        if self._stopping.is_set():
            return
        agent = Agent(
            self.fargate.admit,
            getattr(self.definition, "execution_role_arn", None),
            self.task.id,
        )
        agent.pull(self.container["image"])
        environment = self._environment(agent, self.container, self.override)
        log = self._log(agent, self.container)
        self.folder.mkdir(parents=True)
        process = self._start(environment, log)
        others = [
            threading.Thread(target=self._run_beside, args=(each, agent), daemon=True)
            for each in self.definition.container_definitions[1:]
        ]
        try:
            self.task.started_at = _now()
            self._become("RUNNING")
            for each in others:
                each.start()
            code = self._wait(process)
        finally:
            self._stopping.set()
            for each in others:
                each.join(CLEAN_UP_SECONDS)
            process.clean_up()
        self.task.containers[0].exitCode = code if code >= 0 else 128 - code
        self.stop("EssentialContainerExited", "Essential container in task exited")

    def _run_beside(self, container: dict[str, Any], agent: Agent) -> None:
        """Run a container that is not essential, again and again if it has a policy."""
        environment = self._environment(agent, container, {})
        log = self._log(agent, container)
        restarts = container.get("restartPolicy", {}).get("enabled", False)
        for number in itertools.count(1):
            folder = self.folder.with_name(
                f"{self.task.id}-{container['name']}{number}"
            )
            folder.mkdir()
            process = ContainerProcess(self.runner, container, environment, folder, log)
            process.wait_for(self._stopping)
            process.terminate(CLEAN_UP_SECONDS // 2)
            process.clean_up()
            if self._stopping.is_set() or not restarts:
                return

    def _log(self, agent: Agent, container: dict[str, Any]) -> Log | None:
        logging_to = container.get("logConfiguration") or {}
        if logging_to.get("logDriver") != "awslogs":
            return None
        return agent.open_log(logging_to["options"], container["name"], self.task.id)

    def _start(self, environment: dict[str, str], log: Log | None) -> ContainerProcess:
        command = self.override.get("command") or self.container.get("command")
        container = self.container | {"command": command}
        with self._killing:
            if self._killed:
                raise TaskFailedToStart("The cloud ends.")
            try:
                self._process = ContainerProcess(
                    self.runner, container, environment, self.folder, log
                )
            except (OSError, RuntimeError) as error:
                raise TaskFailedToStart(
                    "CannotStartContainerError: ResourceInitializationError: failed to"
                    f" create new container runtime task: {error}"
                ) from error
            return self._process

    def _environment(
        self, agent: Agent, container: dict[str, Any], override: dict[str, Any]
    ) -> dict[str, str]:
        """Return ECS's environment of a container, with the addresses of this fake."""
        given = (container, override)
        environment = {
            each["name"]: each["value"]
            for source in given
            for each in source.get("environment") or []
        }
        for secret in container.get("secrets") or []:
            environment[secret["name"]] = agent.secret(secret["valueFrom"])
        role = self.task.overrides.get("taskRoleArn") or getattr(
            self.definition, "task_role_arn", None
        )
        if role:
            self.fargate.credentials.give(self.task.id, role)
            environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = (
                f"{self.fargate.url}/_cloud/credentials/{self.task.id}"
            )
        return environment | {
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
            "AWS_ENDPOINT_URL": self.fargate.url,
        }

    def _wait(self, process: ContainerProcess) -> int:
        """Wait until the process ends, by itself or by StopTask."""
        if not process.wait_for(self._stopping):
            self._become("DEACTIVATING", "STOPPING")
        return process.terminate(int(self.container.get("stopTimeout") or STOP_SECONDS))

    def _become(self, *statuses: str) -> None:
        for status in statuses:
            self.task.last_status = status
            if status in ("PENDING", "RUNNING", "STOPPED"):
                for each in self.task.containers:
                    each.last_status = status
            announce(self.task)


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)
