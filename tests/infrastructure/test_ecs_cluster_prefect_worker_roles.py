"""The platform's three roles: their rights, and who may assume them."""

from __future__ import annotations

from typing import Any

import pytest
from prefect_aws.workers.ecs_worker import ECS_DEFAULT_FAMILY

from tests.infrastructure.templates import (
    TEMPLATES,
    listed,
    of_type,
    properties,
    rights,
    statements,
)

PLATFORM = TEMPLATES["data-platform"]
ECS_TASKS = "ecs-tasks.amazonaws.com"


def given(role: str) -> dict[str, Any]:
    """Return a role's actions, each with its resources and its condition, if any."""
    found: dict[str, Any] = {}
    for action, resource, condition in rights(PLATFORM, role):
        found.setdefault(action, []).append(resource)
        if condition:
            found[f"{action} if"] = condition
    return found


def arn(rest: str, service: str) -> str:
    return (
        f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{rest}"
    )


@pytest.mark.parametrize("role", ["ExecutionRole", "WorkerRole", "FlowRole"])
def test_only_ecs_assumes_a_role_for_this_account(role):
    (trust,) = properties(PLATFORM, role)["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": ECS_TASKS}
    account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    # AWS documents the condition for the two roles of tasks alone
    assert trust.get("Condition") == (None if role == "ExecutionRole" else account)


def test_there_are_three_roles_with_no_more_policies_than_written():
    roles = of_type(PLATFORM, "AWS::IAM::Role")
    assert set(roles) == {"ExecutionRole", "WorkerRole", "FlowRole"}
    for role, each in roles.items():
        assert "ManagedPolicyArns" not in each
        for statement in statements(PLATFORM, role):
            assert statement["Effect"] == "Allow"
            assert "*" not in "".join(listed(statement["Action"]))


def test_the_execution_role_fetches_one_image_and_one_secret():
    image = arn("repository/${Name}", "ecr")
    logs = [
        arn(f"log-group:${{{name}}}:*", "logs") for name in ("FlowLogs", "WorkerLogs")
    ]
    assert given("ExecutionRole") == {
        "ecr:GetAuthorizationToken": ["*"],
        "ecr:BatchCheckLayerAvailability": [image],
        "ecr:BatchGetImage": [image],
        "ecr:GetDownloadUrlForLayer": [image],
        "logs:CreateLogStream": logs,
        "logs:PutLogEvents": logs,
        "secretsmanager:GetSecretValue": ["${PrefectApiSecretArn}"],
    }


def test_the_repositorys_name_is_read_from_the_image():
    (name,) = [
        each["Resource"]["Sub"][1]["Name"]
        for each in statements(PLATFORM, "ExecutionRole")
        if "Sub" in each["Resource"] and isinstance(each["Resource"]["Sub"], list)
    ]
    uri = "1.dkr.ecr.eu-central-1.amazonaws.com/data-platform:4f2a"

    def resolved(value: Any) -> Any:
        match value:
            case {"Select": [number, of]}:
                return resolved(of)[number]
            case {"Split": [separator, of]}:
                return resolved(of).split(separator)
            case {"Ref": "ImageUri"}:
                return uri

    assert resolved(name) == "data-platform"


def test_the_worker_runs_and_stops_only_prefects_tasks_in_this_cluster():
    families = arn(f"task-definition/{ECS_DEFAULT_FAMILY}_${{WorkPoolName}}_*", "ecs")
    tasks, queue = [arn("task/${Cluster}/*", "ecs")], ["${TaskEvents.Arn}"]
    assert given("WorkerRole") == {
        "ecs:RegisterTaskDefinition": [families],
        "ecs:RunTask": [families],
        "ecs:RunTask if": {"ArnEquals": {"ecs:cluster": {"GetAtt": "Cluster.Arn"}}},
        "ecs:TagResource": tasks,
        "ecs:TagResource if": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        "ecs:DescribeTasks": tasks,
        "ecs:StopTask": tasks,
        "ecs:DescribeTaskDefinition": ["*"],
        "ec2:DescribeSubnets": ["*"],
        "ec2:DescribeVpcs": ["*"],
        "iam:PassRole": ["${ExecutionRole.Arn}", "${FlowRole.Arn}"],
        "iam:PassRole if": {"StringEquals": {"iam:PassedToService": ECS_TASKS}},
        "sqs:ChangeMessageVisibility": queue,
        "sqs:DeleteMessage": queue,
        "sqs:GetQueueUrl": queue,
        "sqs:ReceiveMessage": queue,
        "logs:GetLogEvents": [arn("log-group:${FlowLogs}:*", "logs")],
    }


def test_a_run_reads_its_secrets_and_works_on_the_lake():
    bucket = "arn:${AWS::Partition}:s3:::${LakeBucketName}"
    assert given("FlowRole") == {
        "secretsmanager:GetSecretValue": [arn("secret:dlt/*", "secretsmanager")],
        "s3:AbortMultipartUpload": [f"{bucket}/*"],
        "s3:DeleteObject": [f"{bucket}/*"],
        "s3:GetObject": [f"{bucket}/*"],
        "s3:ListMultipartUploadParts": [f"{bucket}/*"],
        "s3:PutObject": [f"{bucket}/*"],
        "s3:GetBucketLocation": [bucket],
        "s3:ListBucket": [bucket],
        "s3:ListBucketMultipartUploads": [bucket],
    }
