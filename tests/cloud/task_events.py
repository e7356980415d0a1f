"""Events of tasks' states in EventBridge, as by ECS: "ECS Task State Change"."""

from __future__ import annotations

import json
from typing import Any

from tests.cloud.account import backend


def announce(task: Any) -> None:
    """Put ECS's event of the task's new state."""
    backend("events").put_events(
        [
            {
                "Source": "aws.ecs",
                "DetailType": "ECS Task State Change",
                "Detail": json.dumps(_present(_detail(task)), default=_time),
                "Resources": [task.task_arn],
            }
        ]
    )


def _detail(task: Any) -> dict[str, Any]:
    return {
        "taskArn": task.task_arn,
        "clusterArn": task.cluster_arn,
        "taskDefinitionArn": task.task_definition_arn,
        "lastStatus": task.last_status,
        "desiredStatus": task.desired_status,
        "group": task.group,
        "startedBy": task.started_by,
        "launchType": task.launch_type,
        "cpu": task.cpu,
        "memory": task.memory,
        "overrides": task.overrides,
        "attachments": task.attachments,
        "createdAt": task.created_at,
        "startedAt": getattr(task, "started_at", None),
        "stoppedAt": getattr(task, "stopped_at", None),
        "stopCode": getattr(task, "stop_code", None),
        "stoppedReason": task.stopped_reason or None,
        "containers": [
            _present(
                {
                    "name": each.name,
                    "containerArn": each.container_arn,
                    "taskArn": task.task_arn,
                    "image": each.image,
                    "lastStatus": each.last_status,
                    "exitCode": each.exitCode,
                    "reason": getattr(each, "reason", None),
                }
            )
            for each in task.containers
        ],
    }


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _time(value: Any) -> str:
    return f"{value.isoformat()}Z"
