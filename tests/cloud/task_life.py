"""The life of a task on Fargate: PROVISIONING, PENDING, RUNNING, STOPPED.

Each task has a thread that walks through these states, runs the containers' commands,
and tells EventBridge of each state, as ECS does. The task ends with its first essential
container. Containers on whose success that one depends run before it, the others beside it.
"""

from __future__ import annotations

import itertools
import logging
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cloud.account import REGION, backend
from tests.cloud.agent import Agent, Log, TaskFailedToStart
from tests.cloud.container_process import ContainerProcess
from tests.cloud.task_containers import add_containers, before, essential, override_of
from tests.cloud.task_events import announce
from tests.cloud.volumes import folders_of, remove_folders

if TYPE_CHECKING:
    from tests.cloud.fargate import Fargate

logger = logging.getLogger(__name__)
STOP_SECONDS = 30  # ECS's stopTimeout, if a container has none
CLEAN_UP_SECONDS = 10


class TaskLife:
    """Life of one task, from its start to its end."""

    def __init__(self, fargate: Fargate, task: Any) -> None:
        self.fargate, self.task = fargate, task
        self.folder = fargate.folder / task.id
        self.runner = fargate.runner
        self.definition = backend("ecs").describe_task_definition(
            task.task_definition_arn
        )
        self.containers: list[dict[str, Any]] = self.definition.container_definitions
        self.container = essential(self.containers)
        add_containers(task, self.containers)
        self.volumes = folders_of(self.definition, fargate.folder, task.id)
        task.enable_execute_command = _is_reached(task)
        task.created_at = _now()
        task.cpu = task.overrides.get("cpu") or self.definition.cpu
        task.memory = task.overrides.get("memory") or self.definition.memory
        task.last_status = "PROVISIONING"
        self.thread = threading.Thread(target=self.run, name=task.id, daemon=True)
        self._stopping = threading.Event()
        self._processes: list[ContainerProcess] = []
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
            for process in self._processes:
                process.kill()

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
            self._told(self.container).reason = str(error).partition(": ")[2]
        except Exception as error:
            logger.exception("task %s", task.id)
            self.stop("TaskFailedToStart", f"CannotStartContainerError: {error}")
        finally:
            if capacity:
                capacity.release()
            self.fargate.credentials.take(task.id)
            remove_folders(self.fargate.folder, task.id)
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
        for each in self.containers:
            agent.pull(each["image"])
        first = before(self.containers, self.container)
        for each in first:
            self._run_before(each, agent)
        process = self._start(self.container, agent, self.folder)
        others = [
            threading.Thread(target=self._run_beside, args=(each, agent), daemon=True)
            for each in self.containers
            if each not in (*first, self.container)
        ]
        try:
            self.task.started_at = _now()
            if self.task.enable_execute_command:
                self._start_agents()
            self._become("RUNNING")
            for each in others:
                each.start()
            code = self._wait(process)
        finally:
            self._stopping.set()
            for each in others:
                each.join(CLEAN_UP_SECONDS)
            process.clean_up()
        self._told(self.container).exitCode = _exit_code(code)
        self.stop("EssentialContainerExited", "Essential container in task exited")

    def _start_agents(self) -> None:
        """Start Session Manager's agent in each container."""
        role = getattr(self.definition, "task_role_arn", None)
        agent = Agent(self.fargate.admit, role, self.task.id)
        for each in self.containers:
            status = "RUNNING" if agent.is_reached_in(each) else "STOPPED"
            told = {"name": "ExecuteCommandAgent", "lastStatus": status}
            self._told(each).managed_agents = [told]

    def _run_before(self, container: dict[str, Any], agent: Agent) -> None:
        """Run a container on whose success another one depends, until it ends."""
        process = self._start(container, agent, self._folder_of(container, 1))
        process.wait_for(self._stopping)
        code = self._end(process)
        self._told(container).exitCode = _exit_code(code)
        if code:
            raise TaskFailedToStart(
                f"Dependency failed: container {container['name']} ended with {code}"
            )

    def _run_beside(self, container: dict[str, Any], agent: Agent) -> None:
        """Run a container that is not essential, again and again if it has a policy."""
        restarts = container.get("restartPolicy", {}).get("enabled", False)
        for number in itertools.count(1):
            process = self._start(container, agent, self._folder_of(container, number))
            process.wait_for(self._stopping)
            self._end(process)
            if self._stopping.is_set() or not restarts:
                return

    def _end(self, process: ContainerProcess) -> int:
        """End a container beside the essential one, and return its exit code."""
        code = process.terminate(CLEAN_UP_SECONDS // 2)
        process.clean_up()
        self._processes.remove(process)
        return code

    def _folder_of(self, container: dict[str, Any], number: int) -> Path:
        """Return the folder of a start of a container that is not essential."""
        name = f"{self.task.id}-{container['name']}{number}"
        return self.folder.with_name(name)

    def _log(self, agent: Agent, container: dict[str, Any]) -> Log | None:
        logging_to = container.get("logConfiguration") or {}
        if logging_to.get("logDriver") != "awslogs":
            return None
        return agent.open_log(logging_to["options"], container["name"], self.task.id)

    def _start(
        self, container: dict[str, Any], agent: Agent, folder: Path
    ) -> ContainerProcess:
        override = override_of(self.task, container["name"])
        environment = self._environment(agent, container, override)
        log = self._log(agent, container)
        command = override.get("command") or container.get("command")
        given = container | {"command": command}
        folder.mkdir(parents=True)
        with self._killing:
            if self._killed:
                raise TaskFailedToStart("The cloud ends.")
            try:
                process = ContainerProcess(
                    self.runner, given, environment, folder, self.volumes, log
                )
            except (OSError, RuntimeError) as error:
                raise TaskFailedToStart(
                    "CannotStartContainerError: ResourceInitializationError: failed to"
                    f" create new container runtime task: {error}"
                ) from error
            self._processes.append(process)
            return process

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

    def _told(self, container: dict[str, Any]) -> Any:
        """Return what DescribeTasks tells of a container."""
        (found,) = [e for e in self.task.containers if e.name == container["name"]]
        return found


def _exit_code(code: int) -> int:
    """Return a shell's exit code of a process, also of one that a signal has ended."""
    return code if code >= 0 else 128 - code


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(tzinfo=None)


def _is_reached(task: Any) -> bool:
    """Return whether the task's service enables ECS Exec, and so Session Manager."""
    name = task.group.removeprefix("service:")
    service = backend("ecs").services.get(f"{task.cluster_name}:{name}")
    return bool(getattr(service, "enable_execute_command", False))
