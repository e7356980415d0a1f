"""The whole platform: stacks, worker, pools and deployments. Only AWS is fake."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Callable, Iterator
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.exceptions import PrefectHTTPStatusError

from tests.cloud.cloud import Cloud, running_cloud
from tests.infrastructure.first_stacks import create_deploy, create_foundation
from tests.infrastructure.templates import TEMPLATES
from tests.repository.tree import copy_repository
from tests.servers.ports import free_port
from tests.servers.postgres import Database, over_tcp
from tests.servers.prefect import running_server
from tests.servers.python import python
from tests.servers.waiting import Found, until

AUTH = "admin:a-password-of-prefect"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# Their names, in the order of the README.
DEPLOY_STACK, _, LAKE_STACK, STACK = TEMPLATES
# A run's start takes the worker's poll and imports.
SECONDS = 300


@dataclass
class Platform:
    """Whole platform, as in production."""

    cloud: Cloud
    api_url: str
    code: Path
    warehouse: Database
    outputs: dict[str, str]
    image: str

    @cached_property
    def client(self) -> SyncPrefectClient:
        """Client of Prefect's API, for a test's preparations and checks."""
        return SyncPrefectClient(self.api_url, auth_string=AUTH)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the person who deploys."""
        return (
            os.environ
            | self.cloud.environment
            | {
                "PREFECT_API_URL": self.api_url,
                "PREFECT_API_AUTH_STRING": AUTH,
                "PREFECT_CLI_PROMPT": "false",
                "IMAGE": self.image,
                "COLUMNS": "200",
            }
        )

    def command(self, *words: str, folder: Path | None = None) -> str:
        """Run a Python module, which has to succeed, and return its output."""
        done = subprocess.run(
            [python(), "-m", *words],
            cwd=folder or self.code,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self, deployment: str, **options: Any) -> UUID:
        """Schedule a run of a deployment, as the UI does."""
        found = self.client.read_deployment_by_name(deployment)
        return self.client.create_flow_run_from_deployment(found.id, **options).id

    def run(self, run_id: UUID) -> FlowRun:
        """Return a run's current state in Prefect."""
        return self.client.read_flow_run(run_id)

    def wait(
        self, run_id: UUID, look: Callable[[FlowRun], Any] | None = None
    ) -> FlowRun:
        """Wait until a run has ended, or until `look` is true of it; return the run."""

        def arrived() -> FlowRun | None:
            run = self.run(run_id)
            return run if (look or _ended)(run) else None

        return _until(arrived, f"the run {run_id}")

    def completed(self, deployment: str, **options: Any) -> FlowRun:
        """Run a deployment until the run has completed and its task has stopped."""
        run = self.wait(self.start(deployment, **options))
        self.stopped_task(run.id)
        assert run.state.is_completed(), (run.state, self.logs(run.id))
        return run

    def logs(self, run_id: UUID) -> list[str]:
        """Return a run's log lines in Prefect."""
        only = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
        return [each.message for each in self.client.read_logs(only, limit=200)]

    def wait_for_line(self, run_id: UUID, part: str) -> str:
        """Wait for a log line with this text: lines may arrive after the run's end."""
        return _until(
            lambda: next((line for line in self.logs(run_id) if part in line), ""),
            f"the line {part}",
        )

    def tasks(self) -> dict[str, list[dict[str, Any]]]:
        """Return ECS's tasks of flow runs, running or stopped, by the run's id."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for status in ("RUNNING", "STOPPED"):
            cluster = self.outputs["ClusterArn"]
            for task in self.cloud.tasks(cluster, desiredStatus=status):
                tags = {each["key"]: each["value"] for each in task.get("tags", [])}
                if run_id := tags.get("prefect.io/flow-run-id"):
                    # a task that stops meanwhile is listed twice
                    found.setdefault(run_id, {})[task["taskArn"]] = task
        return {run_id: list(tasks.values()) for run_id, tasks in found.items()}

    def task(self, run_id: UUID) -> dict[str, Any]:
        """Return a run's only task."""
        (task,) = self.tasks()[str(run_id)]
        return task

    def definition(self, run_id: UUID) -> dict[str, Any]:
        """Return the task definition of a run's only task."""
        name = self.task(run_id)["taskDefinitionArn"]
        ecs = self.cloud.client("ecs")
        return ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]

    def size(self, run_id: UUID) -> tuple[str, str]:
        """Return CPU units and MiB of a run's only task, which are its definition's."""
        task, definition = self.task(run_id), self.definition(run_id)
        found = {(each["cpu"], each["memory"]) for each in (task, definition)}
        (size,) = found
        return size

    def stopped_task(self, run_id: UUID) -> dict[str, Any]:
        """Wait until a run's only task has stopped, and return it."""

        def arrived() -> dict[str, Any] | None:
            task = self.task(run_id)
            return task if task["lastStatus"] == "STOPPED" else None

        return _until(arrived, f"the task of the run {run_id}")

    def worker_tasks(self) -> list[dict[str, Any]]:
        """Return the running tasks of the worker's service."""
        found = self.cloud.tasks(
            self.outputs["ClusterArn"], serviceName=self.outputs["WorkerServiceName"]
        )
        return [task for task in found if task["lastStatus"] == "RUNNING"]

    def replace_worker(self) -> None:
        """Stop the worker, and wait until its service has started another."""
        (worker,) = self.worker_tasks()
        self.cloud.client("ecs").stop_task(
            cluster=self.outputs["ClusterArn"], task=worker["taskArn"]
        )
        self.wait_for_successor(worker)

    def wait_for_successor(self, worker: dict[str, Any]) -> None:
        """Wait until the service has replaced a worker."""

        def succeeded() -> bool:
            arns = [task["taskArn"] for task in self.worker_tasks()]
            return bool(arns) and worker["taskArn"] not in arns

        _until(succeeded, "another worker")

    def wait_for_worker(self) -> None:
        """Wait until Prefect shows a worker online."""
        pool = self.outputs["WorkPoolName"]

        def online() -> bool:
            try:
                workers = self.client.read_workers_for_work_pool(pool)
            except PrefectHTTPStatusError:  # the worker has not made the pool yet
                return False
            return any(worker.status == WorkerStatus.ONLINE for worker in workers)

        _until(online, "a worker to be online")


@contextmanager
def running_platform(database: Database, folder: Path) -> Iterator[Platform]:
    """Set up the platform from nothing, in the order of infrastructure/README.md."""
    with running_stacks(database, folder) as platform:
        platform.command("blocks", "apply")
        names = ("-n", "production", "-n", "production-backfill")
        platform.command("prefect", "--no-prompt", "deploy", *names)
        yield platform


@contextmanager
def running_stacks(
    database: Database,
    folder: Path,
    commit: str = COMMIT,
    switches: tuple[str, ...] = (),
) -> Iterator[Platform]:
    """Set up the stacks, the worker, and a Prefect server without deployments.

    Args:
        database: The warehouse.
        folder: Working folder of the servers.
        commit: Tag of the first image.
        switches: What AWS does otherwise than by default (`tests/cloud/switches.py`).
    """
    code = copy_repository(folder / "app")
    # A task that is a process starts in its own copy of the code, a task in the image
    # in /app.
    deployments = (code / "prefect.yaml").read_text()
    assert deployments.count("directory: /app") >= 1
    (code / "prefect.yaml").write_text(
        deployments.replace("directory: /app", 'directory: "."')
    )
    # By default a worker polls for scheduled and cancelled runs every ten seconds.
    (code / "prefect.toml").write_text(
        "[worker]\nquery_seconds = 1.0\ncancellation_poll_seconds = 1.0\n"
    )
    api_url = f"http://127.0.0.1:{free_port()}/api"
    settings = {
        "PREFECT_SERVER_API_AUTH_STRING": AUTH,
        # for a run cancelled before its task connects; the default is five minutes
        "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS": "5",
    }
    with (
        running_cloud(folder / "cloud") as cloud,
        running_server(folder / "server", api_url, settings),
        over_tcp(database) as warehouse_url,
        cloud.switched(*switches),
        cloud.enforcing(),
    ):
        cloud.run_tasks_in(code=code)
        image, outputs = create_stacks(cloud, api_url, warehouse_url, commit)
        platform = Platform(cloud, api_url, code, database, outputs, image)
        platform.wait_for_worker()
        yield platform


def create_stacks(
    cloud: Cloud, api_url: str, warehouse_url: str, commit: str
) -> tuple[str, dict[str, str]]:
    """Create the stacks and secrets; return the image and both stacks' outputs."""
    texts = {stack: path.read_text() for stack, path in TEMPLATES.items()}
    deploy = create_deploy(cloud, STACK)
    cloud.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    foundation = create_foundation(cloud, STACK)
    lake = cloud.create_stack(LAKE_STACK, texts[LAKE_STACK])
    secrets = cloud.client("secretsmanager")
    key = secrets.create_secret(Name="prefect/api-key", SecretString=AUTH)
    secrets.create_secret(
        Name="dlt/destination/warehouse/credentials", SecretString=warehouse_url
    )
    cloud.push_image(deploy["RepositoryName"], commit)
    image = f"{deploy['RepositoryUri']}:{commit}"
    outputs = cloud.create_stack(
        STACK,
        texts[STACK],
        deploy["StackRoleArn"],
        ImageUri=image,
        PrefectApiUrl=api_url,
        PrefectApiSecretArn=key["ARN"],
        PrefectApiSecretVariable="PREFECT_API_AUTH_STRING",
        WarehouseType="postgres",
        LakeBucketName=lake["BucketName"],
    )
    return image, foundation | outputs


def _until(look: Callable[[], Found], what: str) -> Found:
    """Wait with few requests, because Prefect's server is busy."""
    return until(look, what, SECONDS, every=0.5)


def _ended(run: FlowRun) -> bool:
    return run.state.is_final()
