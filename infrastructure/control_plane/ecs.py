"""The server of prefect_server_ecs.yml: its backups are tasks."""

from __future__ import annotations

import time
from typing import Any

from infrastructure.control_plane.backups import address_of_now
from utils.aws.client import NotThere, asking_aws, aws_client
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

SECONDS_BETWEEN_LOOKS = 5
MOST_SECONDS = 60 * 60
MOST_SECONDS_OF_LOG = 120


def backup(stack: StackOutputs) -> str:
    """Back up Prefect's database, and return the backup's address.

    Raises:
        ClearError: The task failed, or AWS refuses.
    """
    address = address_of_now(stack)
    _run(stack, "BackupTaskArn", "store", address)
    return address


def restore(stack: StackOutputs, address: str, leave_stopped: bool = False) -> str:
    """Put a backup in the place of Prefect's database, and return what is told of it.

    The server ends before that, and starts again afterwards, also if the backup cannot be
    restored and nothing has changed.

    Args:
        stack: The server's stack.
        address: Address of the backup.
        leave_stopped: Do not start the server again, because an older version is deployed
            next.

    Raises:
        ClearError: The task failed, or AWS refuses.
    """
    _stop_server(stack)
    try:
        task = _run(stack, "RestoreTaskArn", "fetch", address)
    finally:
        if not leave_stopped:
            _start_server(stack)
    return _told(stack, task)


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
        lines = [line for name in _names(task) for line in _log(stack, id, name)[-5:]]
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


def _stop_server(stack: StackOutputs) -> None:
    """End the server, and wait until its task has ended."""
    ecs = aws_client("ecs")
    which = {"cluster": stack["ClusterArn"]}
    name = stack["ServiceName"]
    with _asking(stack, "ecs:ListTasks"):
        tasks = ecs.list_tasks(**which, serviceName=name)["taskArns"]
    _set_count(stack, 0)
    for task in tasks:  # a task that is to end is not listed any more
        _wait_for_task(stack, task)


def _start_server(stack: StackOutputs) -> None:
    """Start the server, and wait until its task runs."""
    _set_count(stack, 1)
    ecs = aws_client("ecs")
    name = stack["ServiceName"]
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        with _asking(stack, "ecs:DescribeServices"):
            found = ecs.describe_services(cluster=stack["ClusterArn"], services=[name])
        if found["services"][0]["runningCount"]:
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise ClearError(f"The service {name} has not started a server within an hour.")


def _set_count(stack: StackOutputs, number: int) -> None:
    ecs = aws_client("ecs")
    with _asking(stack, "ecs:UpdateService"):
        ecs.update_service(
            cluster=stack["ClusterArn"],
            service=stack["ServiceName"],
            desiredCount=number,
        )


def _told(stack: StackOutputs, task: str) -> str:
    """Return what the restore says of the runs, which CloudWatch has some seconds later."""
    deadline = time.monotonic() + MOST_SECONDS_OF_LOG
    while time.monotonic() < deadline:
        lines = _log(stack, task, "restore")
        if any(line.startswith("Restored:") for line in lines):
            return "".join(f"{line}\n" for line in lines)
        time.sleep(SECONDS_BETWEEN_LOOKS)
    raise ClearError(
        "The backup is restored. What is told of its runs is not in the log group"
        f" {stack['LogGroupName']} yet: read the stream restore/restore/{task} there."
    )


def _log(stack: StackOutputs, task: str, container: str) -> list[str]:
    """Return the lines of a task's container, none if there is no log yet."""
    logs = aws_client("logs")
    lines: list[str] = []
    for prefix in ("backup", "restore"):
        stream = f"{prefix}/{container}/{task}"
        where = {"logGroupName": stack["LogGroupName"], "logStreamName": stream}
        token: dict[str, str] = {}
        while True:
            try:
                with _asking(stack, "logs:GetLogEvents"):
                    found = logs.get_log_events(**where, startFromHead=True, **token)
            except NotThere:
                break
            lines += [event["message"] for event in found["events"]]
            # the same token again is the end
            if token.get("nextToken") == found["nextForwardToken"]:
                break
            token = {"nextToken": found["nextForwardToken"]}
    return lines


def _names(task: dict[str, Any]) -> list[str]:
    return [each["name"] for each in task["containers"]]


def _asking(stack: StackOutputs, right: str) -> Any:
    nowhere = f"The stack {stack.name} names what is not there. Update it."
    return asking_aws(f"the server of the stack {stack.name}", right, nowhere)
