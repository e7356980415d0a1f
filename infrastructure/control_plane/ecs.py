"""The server of prefect_server_ecs.yml: its backups are tasks."""

from __future__ import annotations

import time
from typing import Any

from infrastructure.control_plane.backups import address_of_now
from utils.aws.client import asking_aws, aws_client
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

SECONDS_BETWEEN_LOOKS = 5
MOST_SECONDS = 60 * 60


def backup(stack: StackOutputs) -> str:
    """Back up Prefect's database, and return the backup's address.

    Raises:
        ClearError: The task failed, or AWS refuses.
    """
    address = address_of_now(stack)
    _run(stack, "BackupTaskArn", "store", address)
    return address


def restore(stack: StackOutputs, address: str) -> str:
    """Put a backup in the place of Prefect's database, and return what is told of it.

    The server ends before that, and starts again afterwards, also if the backup cannot be
    restored and nothing has changed.

    Raises:
        ClearError: The task failed, or AWS refuses.
    """
    _set_servers(stack, 0)
    try:
        task = _run(stack, "RestoreTaskArn", "fetch", address)
    finally:
        _set_servers(stack, 1)
    return _log(stack, task, "restore")


def _run(stack: StackOutputs, definition: str, container: str, address: str) -> str:
    """Run a task to its end, and return its id.

    Args:
        stack: The server's stack.
        definition: Output with the task's definition.
        container: Container that stores or fetches the backup.
        address: Address of the backup.
    """
    ecs = aws_client("ecs")
    variable = {"name": "DUMP_URL", "value": address}
    network = {
        "subnets": stack["TaskSubnetIds"].split(","),
        "securityGroups": [stack["TaskSecurityGroupId"]],
    }
    with _asking(stack, "ecs:RunTask"):
        started = ecs.run_task(
            cluster=stack["ClusterArn"],
            taskDefinition=stack[definition],
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
            overrides={
                "containerOverrides": [{"name": container, "environment": [variable]}]
            },
        )
    if not started["tasks"]:
        reasons = {each.get("reason", "") for each in started["failures"]}
        raise ClearError(
            f"ECS starts no task: {' '.join(reasons)}. Nothing was changed."
        )
    arn = started["tasks"][0]["taskArn"]
    id = arn.rpartition("/")[2]
    task = _wait_for_task(stack, arn)
    if not all(each.get("exitCode") == 0 for each in task["containers"]):
        ended = (f"{e['name']} {e.get('exitCode', '-')}" for e in task["containers"])
        lines = [line for name in _names(task) for line in _lines(stack, id, name)[-5:]]
        raise ClearError(
            f"The task {id} failed: {task.get('stoppedReason', '')} (exit codes:"
            f" {', '.join(ended)}). The log group {stack['LogGroupName']} has its log,"
            " which ends:\n" + "\n".join(lines)
        )
    return id


def _wait_for_task(stack: StackOutputs, arn: str) -> dict[str, Any]:
    ecs = aws_client("ecs")
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        with _asking(stack, "ecs:DescribeTasks"):
            found = ecs.describe_tasks(cluster=stack["ClusterArn"], tasks=[arn])
        task: dict[str, Any] = found["tasks"][0]
        if task["lastStatus"] == "STOPPED":
            return task
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise ClearError(
        f"The task {arn} has not ended within an hour. It goes on: look at it."
    )


def _set_servers(stack: StackOutputs, number: int) -> None:
    """Start or end the server, and wait until it has started or ended."""
    ecs = aws_client("ecs")
    which = {"cluster": stack["ClusterArn"]}
    name = stack["ServiceName"]
    with _asking(stack, "ecs:UpdateService"):
        ecs.update_service(**which, service=name, desiredCount=number)
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        with _asking(stack, "ecs:DescribeServices"):
            (service,) = ecs.describe_services(**which, services=[name])["services"]
        with _asking(stack, "ecs:ListTasks"):
            left = ecs.list_tasks(**which, serviceName=name)["taskArns"]
        if service["runningCount"] == number and bool(left) == bool(number):
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise ClearError(f"The service {name} has not got {number} servers within an hour.")


def _log(stack: StackOutputs, task: str, container: str) -> str:
    return "".join(f"{line}\n" for line in _lines(stack, task, container))


def _lines(stack: StackOutputs, task: str, container: str) -> list[str]:
    """Return what a task's container has logged, none if its log cannot be read."""
    logs = aws_client("logs")
    streams = logs.describe_log_streams(logGroupName=stack["LogGroupName"])
    names = [each["logStreamName"] for each in streams["logStreams"]]
    found = [name for name in names if name.endswith(f"/{container}/{task}")]
    events = [
        event
        for name in found
        for event in logs.get_log_events(
            logGroupName=stack["LogGroupName"], logStreamName=name, startFromHead=True
        )["events"]
    ]
    return [event["message"] for event in events]


def _names(task: dict[str, Any]) -> list[str]:
    return [each["name"] for each in task["containers"]]


def _asking(stack: StackOutputs, right: str) -> Any:
    nowhere = f"The stack {stack.name} names what is not there. Update it."
    return asking_aws(f"the server of the stack {stack.name}", right, nowhere)
