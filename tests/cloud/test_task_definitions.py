"""Answers of DescribeTaskDefinition."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow


def test_the_answer_has_the_defaults_that_aws_adds(platform):
    ecs = platform.cloud.client("ecs")
    ecs.register_task_definition(
        family="defaults",
        containerDefinitions=[{"name": "main", "image": "python:3.11"}],
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
    )

    answer = ecs.describe_task_definition(taskDefinition="defaults")["taskDefinition"]

    assert answer.pop("registeredAt") and answer.pop("registeredBy")
    assert answer.pop("requiresAttributes")
    assert answer == {
        "taskDefinitionArn": "arn:aws:ecs:eu-central-1:123456789012:task-definition/defaults:1",
        "family": "defaults",
        "revision": 1,
        "status": "ACTIVE",
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "compatibilities": ["EC2", "FARGATE"],
        "requiresCompatibilities": ["FARGATE"],
        "enableFaultInjection": False,
        "volumes": [],
        "placementConstraints": [],
        "containerDefinitions": [
            {
                "name": "main",
                "image": "python:3.11",
                "cpu": 0,
                "essential": True,
                "environment": [],
                "mountPoints": [],
                "portMappings": [],
                "systemControls": [],
                "volumesFrom": [],
            }
        ],
    }


def test_a_templates_task_definition_keeps_all_its_properties(platform):
    ecs = platform.cloud.client("ecs")
    name = platform.outputs["Task"]
    answer = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
    (container,) = answer["containerDefinitions"]

    assert (answer["cpu"], answer["memory"]) == ("256", "512")
    assert answer["taskRoleArn"] == platform.outputs["TaskRoleArn"]
    assert answer["executionRoleArn"] == platform.outputs["ExecutionRoleArn"]
    assert container["stopTimeout"] == 2
    assert container["healthCheck"] == {"command": ["CMD", "true"], "interval": 10}
    assert container["secrets"][0]["name"] == "PASSWORD"
    logs = container["logConfiguration"]["options"]
    assert logs["awslogs-group"] == platform.outputs["Logs"]
