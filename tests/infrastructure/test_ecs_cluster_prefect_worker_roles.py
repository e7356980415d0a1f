"""The platform's roles: their rights, and who may assume them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from prefect_aws.workers.ecs_worker import ECS_DEFAULT_FAMILY

from blocks.ecs_pool import NO_SOURCE
from tests.infrastructure.templates import (
    TEMPLATES,
    listed,
    of_type,
    policies,
    properties,
    read,
    rights,
    statements,
)
from tests.repository.tree import ROOT

PLATFORM = TEMPLATES["data-platform"]
ECS_TASKS = "ecs-tasks.amazonaws.com"
ROLES = of_type(PLATFORM, "AWS::IAM::Role")
# Runs' roles by the name that a deployment's job variable `role` has for them.
OF_RUNS = {
    each["RoleName"]["Sub"].removeprefix("${AWS::StackName}-"): name
    for name, each in ROLES.items()
    if "RoleName" in each
}


SECRET_OF_TASKS = {
    "If": [
        "TasksHaveKey",
        {"Ref": "PrefectTaskSecretArn"},
        {"Ref": "PrefectApiSecretArn"},
    ]
}


# With parameters that are not the defaults.
DECRYPTION = {
    "kms:Decrypt": ["${SecretsKeyArn}"],
    "kms:Decrypt if": {
        "StringEquals": {
            "kms:ViaService": {"Sub": "secretsmanager.${AWS::Region}.amazonaws.com"}
        }
    },
}
ECS_EXEC = {
    f"ssmmessages:{verb}{kind}Channel": ["*"]
    for verb in ("Create", "Open")
    for kind in ("Control", "Data")
}


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


@pytest.mark.parametrize("role", ROLES)
def test_only_ecs_assumes_a_role_for_this_account(role):
    trust, *others = properties(PLATFORM, role)["AssumeRolePolicyDocument"]["Statement"]
    assert bool(others) == (role == "WorkerRole")
    assert trust["Principal"] == {"Service": ECS_TASKS}
    account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    # AWS documents the condition for the two roles of tasks alone
    assert trust.get("Condition") == (None if role == "ExecutionRole" else account)


def test_the_machine_of_the_server_may_be_the_worker():
    statements = properties(PLATFORM, "WorkerRole")["AssumeRolePolicyDocument"]
    _, machine = statements["Statement"]
    account = "arn:${AWS::Partition}:iam::${AWS::AccountId}:"
    assert machine == {
        "Effect": "Allow",
        "Principal": {"AWS": {"Sub": f"{account}root"}},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {
                "aws:PrincipalArn": {
                    "Sub": f"{account}role/${{AWS::StackName}}-server/${{AWS::StackName}}-server-machine"
                }
            }
        },
    }


def test_the_roles_have_no_more_policies_than_written():
    assert set(ROLES) == {"ExecutionRole", "WorkerRole", *OF_RUNS.values()}
    for role, each in ROLES.items():
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
        "secretsmanager:GetSecretValue": [json.dumps(SECRET_OF_TASKS)],
        **DECRYPTION,
    }


def test_a_key_and_a_shell_are_allowed_only_by_a_parameter():
    found: dict[str, list[str]] = {}
    for role in ROLES:
        for policy in policies(PLATFORM, role):
            for each in policy["PolicyDocument"]["Statement"]:
                if "If" in each:
                    condition, statement, nothing = each["If"]
                    assert nothing == {"Ref": "AWS::NoValue"}
                    actions = "".join(listed(statement["Action"]))
                    found.setdefault(condition, []).append(actions)
    parameters = read(PLATFORM)["Parameters"]
    assert set(found) == {"SecretsHaveOwnKey", "HasEcsExec"}
    assert set(found["SecretsHaveOwnKey"]) == {"kms:Decrypt"}
    assert all("ssmmessages" in each for each in found["HasEcsExec"])
    assert parameters["SecretsKeyArn"]["Default"] == ""
    assert parameters["EcsExec"]["Default"] == "false"


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
        "ecs:ListTasks": ["*"],
        "ecs:ListTasks if": {"ArnEquals": {"ecs:cluster": {"GetAtt": "Cluster.Arn"}}},
        "ecs:DescribeTaskDefinition": ["*"],
        "ec2:DescribeSubnets": ["*"],
        "ec2:DescribeVpcs": ["*"],
        "iam:PassRole": [
            "${ExecutionRole.Arn}",
            "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}/flows/*",
        ],
        "iam:PassRole if": {"StringEquals": {"iam:PassedToService": ECS_TASKS}},
        "sqs:ChangeMessageVisibility": queue,
        "sqs:DeleteMessage": queue,
        "sqs:GetQueueUrl": queue,
        "sqs:ReceiveMessage": queue,
        "logs:GetLogEvents": [arn("log-group:${FlowLogs}:*", "logs")],
        **ECS_EXEC,
    }


def test_each_source_with_secrets_has_a_role_by_its_name():
    example = (ROOT / ".dlt" / "secrets.toml.example").read_text()
    sources = re.findall(r"^# \[sources\.(\w+)", example, re.MULTILINE)
    assert set(OF_RUNS) == {NO_SOURCE, *sources}
    outputs = read(PLATFORM)["Outputs"]
    assert sorted(outputs["SourceRoles"]["Value"].split(",")) == sorted(sources)
    assert outputs["FlowRoleArn"]["Value"] == {"GetAtt": f"{OF_RUNS[NO_SOURCE]}.Arn"}
    for source, role in OF_RUNS.items():
        assert ROLES[role]["Tags"] == [{"Key": "source", "Value": source}]
        # which the worker may pass, unlike its own role
        assert ROLES[role]["Path"] == {"Sub": "/${AWS::StackName}/flows/"}


@pytest.mark.parametrize("role", OF_RUNS.values())
def test_a_run_reads_its_secrets_and_works_on_the_lake(role):
    bucket = "arn:${AWS::Partition}:s3:::${LakeBucketName}"
    # in a literal, CloudFormation drops the exclamation mark
    own = arn("secret:dlt/sources/${!aws:PrincipalTag/source}", "secretsmanager")
    assert given(role) == {
        "secretsmanager:GetSecretValue": [
            arn("secret:dlt/destination/*", "secretsmanager"),
            *(own, f"{own}-??????", f"{own}/*"),
        ],
        "s3:AbortMultipartUpload": [f"{bucket}/*"],
        "s3:DeleteObject": [f"{bucket}/*"],
        "s3:GetObject": [f"{bucket}/*"],
        "s3:ListMultipartUploadParts": [f"{bucket}/*"],
        "s3:PutObject": [f"{bucket}/*"],
        "s3:GetBucketLocation": [bucket],
        "s3:ListBucket": [bucket],
        "s3:ListBucketMultipartUploads": [bucket],
        **DECRYPTION,
        **ECS_EXEC,
    }
