"""The fake AWS for tests: started once a session, controlled over HTTP."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Iterator

import boto3
import requests
from botocore.config import Config

from tests.fakes.aws import REGION, Aws
from tests.repository.tree import ROOT
from tests.servers.ports import free_port
from tests.servers.python import python
from tests.servers.waiting import stop, until

START_SECONDS = 120


@dataclass(frozen=True)
class Cloud(Aws):
    """AWS account in which the test is the administrator."""

    folder: Path

    @contextmanager
    def enforcing(self, on: bool = True) -> Iterator[None]:
        """Let IAM judge every call, except the administrator's."""
        before = self._control("enforce", on=on)
        try:
            yield
        finally:
            self._control("enforce", on=before)

    def as_role(self, role_arn: str) -> boto3.Session:
        """Return a role's session. Clients find the fake by AWS_ENDPOINT_URL."""
        found = self._control("role", role_arn=role_arn)
        return boto3.Session(
            found["AccessKeyId"],
            found["SecretAccessKey"],
            found["Token"],
            region_name=REGION,
        )

    def client_of(self, role_arn: str, service: str) -> Any:
        """Return a client that acts as a role, without retries."""
        once = Config(retries={"total_max_attempts": 1})
        session = self.as_role(role_arn)
        return session.client(service, endpoint_url=self.url, config=once)

    def calls(self, **wanted: str) -> list[dict[str, Any]]:
        """Return calls by `service`, `action`, `who` (a role's name) or `status`."""
        return self._control("calls", **wanted)

    def forget_calls(self) -> None:
        """Clear the log of calls."""
        self._control("forget_calls")

    def throttle(self, service: str, action: str, times: int) -> None:
        """Refuse the next `times` calls with a throttling error."""
        self._control("throttle", service=service, action=action, times=times)

    @contextmanager
    def switched(self, *names: str, **values: str) -> Iterator[None]:
        """Let AWS do what it may also do, by the names in `switches.py`."""
        before = self._control("switch", **dict.fromkeys(names, True), **values)
        try:
            yield
        finally:
            self._control("switch", **before)

    def run_tasks_in(self, *, code: Path | None = None, image: str = "") -> None:
        """Run later tasks in copies of a code folder, or in a local image by buildah.

        With neither, tasks run in the local images that their definitions name.
        """
        self._control("runner", code=str(code or ""), image=image)

    def kill_tasks(self) -> None:
        """Kill the processes of all tasks at once. Services start others."""
        self._control("kill_tasks")

    def forget_task(self, arn: str) -> None:
        """Forget a task that has stopped, as ECS does after an hour or more."""
        self._control("forget_task", arn=arn)

    def create_stack(
        self, name: str, template: str, role_arn: str = "", **parameters: str
    ) -> dict[str, str]:
        """Create a stack, and return its outputs.

        Raises:
            RuntimeError: a resource failed; the message has its reason.
        """
        client = self.client("cloudformation")
        client.create_stack(
            StackName=name,
            TemplateBody=template,
            Parameters=_values(parameters),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **({"RoleARN": role_arn} if role_arn else {}),
        )
        return self.outputs(name)

    def update_stack(self, name: str, **parameters: str) -> dict[str, str]:
        """Change parameters of a stack, and return its outputs."""
        client = self.client("cloudformation")
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        kept = {
            each["ParameterKey"] for each in stack["Parameters"]
        } - parameters.keys()
        given = [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]
        client.update_stack(
            StackName=name,
            UsePreviousTemplate=True,
            Parameters=given + _values(parameters),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        return self.outputs(name)

    def delete_stack(self, name: str) -> None:
        """Delete a stack, except the resources that its template retains."""
        client = self.client("cloudformation")
        client.delete_stack(StackName=name)
        for stack in client.describe_stacks()["Stacks"]:
            if stack["StackName"] == name:
                self._complain(stack)

    def outputs(self, name: str) -> dict[str, str]:
        """Return a complete stack's outputs."""
        client = self.client("cloudformation")
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            self._complain(stack)
        return {
            each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])
        }

    def _complain(self, stack: dict[str, Any]) -> None:
        events = self.client("cloudformation").describe_stack_events(
            StackName=stack["StackName"]
        )
        reasons = [
            each["ResourceStatusReason"]
            for each in events["StackEvents"]
            if each["ResourceStatus"].endswith("FAILED")
        ]
        raise RuntimeError(
            f"{stack['StackName']}: {stack['StackStatus']}. {' '.join(reasons)}"
        )

    def push_image(self, repository: str, tag: str) -> None:
        """Push an empty image that tasks can pull."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"digest": f"sha256:{sha256(tag.encode()).hexdigest()}"},
            "layers": [],
        }
        self.client("ecr").put_image(
            repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest)
        )

    def tasks(self, cluster: str, **which: str) -> list[dict[str, Any]]:
        """Return tasks with their tags, by ListTasks' parameters (`serviceName`)."""
        ecs = self.client("ecs")
        pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, **which)
        return [
            task
            for page in pages
            if page["taskArns"]
            for task in ecs.describe_tasks(
                cluster=cluster, tasks=page["taskArns"], include=["TAGS"]
            )["tasks"]
        ]

    def task(self, cluster: str, task_arn: str) -> dict[str, Any]:
        """Return a task's current description."""
        found = self.client("ecs").describe_tasks(cluster=cluster, tasks=[task_arn])
        return found["tasks"][0]

    def wait_for_task(
        self, cluster: str, task_arn: str, status: str = "STOPPED"
    ) -> dict[str, Any]:
        """Wait until a task has this status, and return the task."""

        def arrived() -> dict[str, Any] | None:
            task = self.task(cluster, task_arn)
            return task if task["lastStatus"] == status else None

        return until(arrived, f"the task to be {status}")

    def output(self, task_arn: str) -> str:
        """Return a task's whole output, also what CloudWatch did not get."""
        return (self.folder / task_arn.rpartition("/")[2] / "output.log").read_text()

    def _control(self, name: str, **wanted: Any) -> Any:
        answer = requests.post(f"{self.url}/_cloud/{name}", json=wanted, timeout=30)
        if not answer.ok:
            raise RuntimeError(f"{name}: {answer.text}")
        return answer.json()


def _values(parameters: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"ParameterKey": key, "ParameterValue": value}
        for key, value in parameters.items()
    ]


@contextmanager
def running_cloud(folder: Path, at_once: int = 8) -> Iterator[Cloud]:
    """Start the fake AWS; at the end stop it and all its processes.

    Args:
        folder: Folder for all that it writes.
        at_once: Tasks that run at once, without those of services.
    """
    folder.mkdir(parents=True)
    port, log = free_port(), folder / "cloud.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [python(), "-m", "tests.cloud", "--port", str(port)]
            + ["--folder", str(folder), "--at-once", str(at_once)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def ready() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"The fake AWS ended:\n{log.read_text()[-2000:]}")
        return log.read_text().startswith("ready")

    try:
        until(ready, "the fake AWS", seconds=START_SECONDS)
        yield Cloud(f"http://127.0.0.1:{port}", folder)
    finally:
        stop(process)
