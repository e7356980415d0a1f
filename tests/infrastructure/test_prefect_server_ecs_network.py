"""Prefect's server on Fargate: who reaches whom, its database, backups and roles."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from infrastructure import tunnel
from tests.infrastructure.templates import (
    SERVERS,
    TEMPLATES,
    imported,
    listed,
    of_type,
    properties,
    read,
    rights,
    text,
)

SERVER = SERVERS["ecs"]
RESOURCES = read(SERVER)["Resources"]
PARAMETERS = read(SERVER)["Parameters"]
GROUPS = of_type(SERVER, "AWS::EC2::SecurityGroup")
ROLES = of_type(SERVER, "AWS::IAM::Role")
TO, FROM = "DestinationSecurityGroupId", "SourceSecurityGroupId"


def internal(value: Any, otherwise: Any = {"Ref": "AWS::NoValue"}) -> dict[str, Any]:
    """Return what a template has for a server without public addresses alone."""
    return {"If": ["IsInternal", value, otherwise]}


def peer(rule: dict[str, Any]) -> str:
    """Return the group or the addresses that a rule names."""
    named = [rule[key] for key in (TO, FROM, "CidrIp") if key in rule]
    return text(named[0])


def test_what_is_imported_is_exported_by_the_foundation():
    found = re.findall(
        r"Fn::ImportValue: !Sub \$\{PlatformStackName\}-foundation-(\w+)",
        SERVER.read_text(),
    )
    outputs = read(TEMPLATES["data-platform-foundation"])["Outputs"]
    assert set(found) <= {
        name for name, each in outputs.items() if "Condition" not in each
    }
    assert {"VpcId", "PublicSubnetIds", "PrivateSubnetIds", "AlarmTopicArn"} <= {*found}
    assert len(re.findall("Fn::ImportValue", SERVER.read_text())) == len(found)


def test_the_balancer_reaches_the_server_and_the_server_its_database_and_files():
    egress = {
        name: sorted(
            (str(rule.get("ToPort")), peer(rule))
            for rule in group["SecurityGroupEgress"]
        )
        for name, group in GROUPS.items()
    }
    nowhere = [("None", "127.0.0.1/32")]
    assert egress == {
        "BalancerSecurityGroup": [("4200", "${ServerSecurityGroup.GroupId}")],
        "ServerSecurityGroup": [
            ("2049", "${FilesSecurityGroup.GroupId}"),
            ("443", "0.0.0.0/0"),
            ("5432", "${DatabaseSecurityGroup.GroupId}"),
        ],
        "DatabaseSecurityGroup": nowhere,
        "FilesSecurityGroup": nowhere,
    }


def test_who_is_let_in():
    rules = {
        name: (text(rule["GroupId"]), rule["FromPort"], rule["ToPort"], peer(rule))
        for name, rule in of_type(SERVER, "AWS::EC2::SecurityGroupIngress").items()
    }
    balancer = "${BalancerSecurityGroup.GroupId}"
    server = "${ServerSecurityGroup.GroupId}"
    address, tasks = rules.pop("BalancerFromAddress"), rules.pop("BalancerFromTasks")
    assert rules == {
        "ServerFromBalancer": (server, 4200, 4200, balancer),
        "DatabaseFromServer": (
            *("${DatabaseSecurityGroup.GroupId}", 5432, 5432, server),
        ),
        "FilesFromServer": ("${FilesSecurityGroup.GroupId}", 2049, 2049, server),
    }
    # a public balancer sees the tasks' outbound address, an internal one themselves
    assert address == (balancer, 443, 443, "${Address}/32")
    assert RESOURCES["BalancerFromAddress"]["Condition"] == "IsPublic"
    rule = properties(SERVER, "BalancerFromAddress")["CidrIp"]["Sub"][1]
    assert rule["Address"] == imported("OutboundIpAddress")
    assert tasks[:3] == (balancer, 443, 443)
    assert RESOURCES["BalancerFromTasks"]["Condition"] == "IsInternal"
    (opened,) = [
        group["SecurityGroupIngress"]
        for group in GROUPS.values()
        if "SecurityGroupIngress" in group
    ]
    assert [(rule["ToPort"], peer(rule)) for rule in opened] == [
        (443, "${AllowedCidr}")
    ]


def test_everything_but_a_public_balancer_is_in_the_private_subnets():
    private = {"Fn::Split": [",", imported("PrivateSubnetIds")]}
    public = imported("PublicSubnetIds")
    assert properties(SERVER, "Balancer")["Subnets"] == {
        "Fn::Split": [",", {"If": ["IsPublic", public, imported("PrivateSubnetIds")]}]
    }
    network = properties(SERVER, "Service")["NetworkConfiguration"]
    assert network["AwsvpcConfiguration"] == {
        "Subnets": private,
        "SecurityGroups": [{"GetAtt": "ServerSecurityGroup.GroupId"}],
        "AssignPublicIp": "DISABLED",
    }
    assert properties(SERVER, "DatabaseSubnets")["SubnetIds"] == private


def test_the_database_is_private_encrypted_and_backed_up():
    database = properties(SERVER, "Database")
    assert database["Engine"] == "postgres"
    assert database["PubliclyAccessible"] is False
    assert database["StorageEncrypted"] is True
    assert database["BackupRetentionPeriod"] >= 7
    assert database["AutoMinorVersionUpgrade"] is True
    # from version 15 on RDS refuses connections without TLS
    assert int(database["EngineVersion"]) >= 15
    assert database["VPCSecurityGroups"] == [
        {"GetAtt": "DatabaseSecurityGroup.GroupId"}
    ]
    assert PARAMETERS["DatabaseDeletionProtection"]["Default"] == "true"
    assert (
        json.loads(
            properties(SERVER, "DatabaseSecret")["GenerateSecretString"][
                "SecretStringTemplate"
            ]
        )["username"]
        == database["MasterUsername"]
        == database["DBName"]
    )


def test_backups_are_private_and_kept_for_the_days_of_the_parameter():
    bucket = properties(SERVER, "Dumps")
    block = bucket["PublicAccessBlockConfiguration"]
    assert len(block) == 4 and all(block.values())
    assert bucket["BucketEncryption"]
    expiring, _ = bucket["LifecycleConfiguration"]["Rules"]
    days = {"Ref": "DumpRetentionDays"}
    assert expiring["ExpirationInDays"] == days
    assert expiring["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
    (statement,) = properties(SERVER, "DumpsPolicy")["PolicyDocument"]["Statement"]
    lake = properties(TEMPLATES["data-platform-lake"], "BucketPolicy")
    (of_lake,) = lake["PolicyDocument"]["Statement"]
    for key in ("Effect", "Principal", "Action", "Condition"):
        assert statement[key] == of_lake[key]


@pytest.mark.parametrize("role", ROLES)
def test_only_ecs_assumes_a_role(role):
    (trust,) = ROLES[role]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    # AWS documents the condition for the two roles of tasks alone
    expected = None if role == "ServerExecutionRole" else account
    assert trust.get("Condition") == expected
    assert "ManagedPolicyArns" not in ROLES[role]


def test_the_roles_fetch_start_and_back_up_and_no_more():
    found = {
        role: sorted({action for action, _, _ in rights(SERVER, role)})
        for role in ROLES
    }
    assert found == {
        "ServerExecutionRole": [
            *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
            *("ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"),
            *("logs:CreateLogStream", "logs:PutLogEvents"),
            "secretsmanager:GetSecretValue",
        ],
        # Session Manager's agent, with a balancer without public addresses alone
        "ServerRole": [
            *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
            *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
        ],
        "BackupRole": ["s3:AbortMultipartUpload", "s3:PutObject"],
        "RestoreRole": ["s3:GetObject"],
    }
    secrets = [
        resource
        for action, resource, _ in rights(SERVER, "ServerExecutionRole")
        if action == "secretsmanager:GetSecretValue"
    ]
    assert secrets == ["${ApiSecretArn}", "${DatabaseSecret}"]
    for role in ("BackupRole", "RestoreRole"):
        resources = {resource for _, resource, _ in rights(SERVER, role)}
        assert resources == {"${Dumps.Arn}/*"}
    tasks = of_type(SERVER, "AWS::ECS::TaskDefinition")
    assert {name: each["TaskRoleArn"] for name, each in tasks.items()} == {
        "ServerTask": internal({"GetAtt": "ServerRole.Arn"}),
        "BackupTask": {"GetAtt": "BackupRole.Arn"},
        "RestoreTask": {"GetAtt": "RestoreRole.Arn"},
    }


def test_session_manager_reaches_an_internal_server_and_no_public_one():
    """What its agent needs is a right less safe, which a public server does without."""
    assert RESOURCES["ServerRole"]["Condition"] == "IsInternal"
    assert properties(SERVER, "Service")["EnableExecuteCommand"] == internal(True)
    server = properties(SERVER, "ServerTask")["ContainerDefinitions"][1]
    assert server["Name"] == tunnel.CONTAINER
    assert server["ReadonlyRootFilesystem"] == internal(False, True)
    assert server["LinuxParameters"]["InitProcessEnabled"] == internal(True)
    assert server["PortMappings"] == [{"ContainerPort": tunnel.PORT}]
    outputs = read(SERVER)["Outputs"]
    assert outputs["Scheme"]["Value"] == {"Ref": "Scheme"}


@pytest.mark.parametrize(
    "task, order",
    [
        ("BackupTask", ["dump", "store"]),
        ("RestoreTask", ["fetch", "restore", "forget"]),
    ],
)
def test_each_step_of_a_backup_waits_for_the_success_of_the_one_before(task, order):
    containers = properties(SERVER, task)["ContainerDefinitions"]
    assert [each["Name"] for each in containers] == order
    for earlier, each in zip(containers, containers[1:]):
        assert each["DependsOn"] == [
            {"ContainerName": earlier["Name"], "Condition": "SUCCESS"}
        ]
    # ECS refuses to wait for the end of an essential container
    assert [each.get("Essential", True) for each in containers] == [
        *([False] * (len(order) - 1)),
        True,
    ]
    server = {
        each["Name"].removeprefix("PREFECT_SERVER_DATABASE_"): each["Value"]
        for each in properties(SERVER, "ServerTask")["ContainerDefinitions"][1][
            "Environment"
        ]
    }
    (programs,) = [each for each in containers if isinstance(each["Image"], str)]
    assert {each["Name"]: each["Value"] for each in programs["Environment"]} == {
        "PGHOST": server["HOST"],
        "PGPORT": server["PORT"],
        "PGUSER": server["USER"],
        "PGDATABASE": server["NAME"],
        "PGSSLMODE": "require",
    }
    assert listed(programs["Secrets"])[0]["Name"] == "PGPASSWORD"


def test_a_kind_of_processor_is_that_of_all_tasks():
    for task in of_type(SERVER, "AWS::ECS::TaskDefinition").values():
        assert task["RuntimePlatform"] == {
            "CpuArchitecture": {"Ref": "CpuArchitecture"},
            "OperatingSystemFamily": "LINUX",
        }
