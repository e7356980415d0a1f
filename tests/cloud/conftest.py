"""A small platform on the fake AWS, for the fake's own tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator

import pytest
from botocore.exceptions import ClientError

from tests.cloud.shell_image import shell_image
from tests.repository.tree import ROOT
from tests.servers.waiting import until

if TYPE_CHECKING:
    from tests.cloud.cloud import Cloud

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
TEMPLATE = (Path(__file__).parent / "stack.yml").read_text()


class Platform:
    """Small platform: a stack's outputs, and tasks in its cluster."""

    def __init__(self, cloud: Cloud, name: str, **parameters: str) -> None:
        self.cloud, self.name = cloud, name
        self.outputs = cloud.create_stack(name, TEMPLATE, **parameters)
        cloud.push_image(self.outputs["Repository"], "1")

    def run(self, *command: str, tag: str = "1", **changes: Any) -> str:
        """Run a command as a task with a new definition, and return the task's ARN."""
        ecs = self.cloud.client("ecs")
        container = {
            "name": "main",
            "image": f"{self.outputs['RepositoryUri']}:{tag}",
            "command": list(command),
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.outputs["Logs"],
                    "awslogs-region": "eu-central-1",
                    "awslogs-stream-prefix": "tests",
                },
            },
        } | changes.pop("container", {})
        points = container.get("mountPoints", [])
        registered = ecs.register_task_definition(
            family=self.name,
            volumes=[{"name": each["sourceVolume"]} for each in points],
            containerDefinitions=[container],
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=self.outputs["ExecutionRoleArn"],
            taskRoleArn=self.outputs["TaskRoleArn"],
        )
        definition = registered["taskDefinition"]["taskDefinitionArn"]
        started = ecs.run_task(**self.request(definition) | changes)
        return started["tasks"][0]["taskArn"]

    def request(self, definition: str) -> dict[str, Any]:
        """Return RunTask's parameters."""
        network = {
            "subnets": [self.outputs["Private"]],
            "securityGroups": [self.outputs["Group"]],
            "assignPublicIp": "DISABLED",
        }
        return {
            "cluster": self.outputs["Cluster"],
            "taskDefinition": definition,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": network},
        }

    def ended(self, task: str) -> dict[str, Any]:
        """Wait until a task has stopped, and return it."""
        return self.cloud.wait_for_task(self.outputs["Cluster"], task)

    def running(self, task: str) -> dict[str, Any]:
        """Wait until a task runs, and return it."""
        return self.cloud.wait_for_task(self.outputs["Cluster"], task, "RUNNING")

    def logged(self, task: str, prefix: str = "tests") -> list[str]:
        """Return the lines that a task wrote to CloudWatch."""
        events = self.cloud.client("logs").get_log_events(
            logGroupName=self.outputs["Logs"],
            logStreamName=f"{prefix}/main/{task.rpartition('/')[2]}",
        )
        return [event["message"] for event in events["events"]]

    def service_tasks(self) -> list[dict[str, Any]]:
        """Return the service's running tasks."""
        found = self.cloud.tasks(
            self.outputs["Cluster"], serviceName=self.outputs["Service"]
        )
        return [task for task in found if task["lastStatus"] == "RUNNING"]

    def empty_bucket(self) -> None:
        """Delete all versions of the bucket's objects."""
        s3, bucket = self.cloud.client("s3"), self.outputs["Bucket"]
        for version in s3.list_object_versions(Bucket=bucket).get("Versions", []):
            given = {"Key": version["Key"], "VersionId": version["VersionId"]}
            s3.delete_object(Bucket=bucket, **given)


@pytest.fixture(scope="package")  # other stacks have GitHub's provider, too
def platform(cloud: Cloud) -> Iterator[Platform]:
    """The small platform, without its service."""
    platform = Platform(cloud, "small")
    yield platform
    platform.empty_bucket()
    cloud.delete_stack("small")


@pytest.fixture
def with_service(cloud: Cloud, platform: Platform) -> Iterator[Platform]:
    """The small platform with its service, which can be reached by Session Manager."""
    platform.outputs = cloud.update_stack(platform.name, WithService="yes")
    yield platform
    without = cloud.update_stack(platform.name, WithService="no", Message="hello")
    until(lambda: not platform.service_tasks(), "the service's tasks to stop")
    platform.outputs = without


@pytest.fixture(scope="package")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small image with a shell."""
    if not shutil.which("buildah"):
        pytest.skip("no buildah here")
    with shell_image(tmp_path_factory.mktemp("shell")) as image:
        yield image


@pytest.fixture
def in_image(platform: Platform, shell: str) -> Iterator[Platform]:
    """The platform, with its tasks in the image of the shell."""
    platform.cloud.run_tasks_in(image=shell)
    yield platform
    platform.cloud.run_tasks_in(code=ROOT)


@pytest.fixture
def enforced(cloud: Cloud) -> Iterator[None]:
    """Enforce IAM during the test."""
    with cloud.enforcing():
        yield


@pytest.fixture
def role(cloud: Cloud) -> Iterator[Any]:
    """A role without rights, and its clients."""
    iam, name = cloud.client("iam"), "judged"
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = created["Role"]["Arn"]

    class Role:
        def may(self, *statements: dict[str, Any]) -> None:
            document = {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow"} | each for each in statements],
            }
            iam.put_role_policy(
                RoleName=name, PolicyName="it", PolicyDocument=json.dumps(document)
            )

        def tries(self, service: str, operation: str, **parameters: Any) -> str:
            """Call an operation as the role, and return its error code, if any."""
            client = cloud.client_of(arn, service)
            try:
                getattr(client, operation)(**parameters)
            except ClientError as error:
                return error.response["Error"]["Code"]
            return ""

    Role.name, Role.arn = name, arn
    yield Role()
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
