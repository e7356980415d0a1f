"""Rights of a deployment: who may take its roles, and what its own role may do.

That the rights suffice in an account was not tried.
"""

from __future__ import annotations

import json
import re

import pytest

from infrastructure import tunnel
from tests.infrastructure.templates import (
    EVERY_TEMPLATE,
    SERVERS,
    TEMPLATES,
    of_type,
    properties,
    read,
    rights,
)

DEPLOY = TEMPLATES["data-platform-deploy"]
GITHUB = "token.actions.githubusercontent.com"
ROLES = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${PlatformStackName}/*"


def arn(service: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:"


MACHINES = arn("ec2") + "instance/*"
# The server's stack on ECS has one cluster, whose name CloudFormation makes.
TASKS = arn("ecs") + "task/${PlatformStackName}-server-Cluster-*/*"
# AWS's own documents belong to no account.
PORT_FORWARDING = (
    "arn:${AWS::Partition}:ssm:${AWS::Region}::document/AWS-StartPortForwardingSession"
)


def test_only_this_repositorys_production_may_deploy():
    (trust,) = properties(DEPLOY, "DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    subject = "repo:${GitHubRepository}:environment:production"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": {"Sub": subject},
            f"{GITHUB}:ref": "refs/heads/main",
            f"{GITHUB}:repository_id": {"Ref": "GitHubRepositoryId"},
        }
    }
    provider = properties(DEPLOY, "OidcProvider")
    assert provider["Url"] == f"https://{GITHUB}"
    assert provider["ClientIdList"] == ["sts.amazonaws.com"]
    existing = ["MakesOidcProvider", {"Ref": "OidcProvider"}]
    assert trust["Principal"] == {
        "Federated": {"If": [*existing, {"Ref": "ExistingOidcProviderArn"}]}
    }


def test_only_cloudformation_has_the_stack_role():
    (trust,) = properties(DEPLOY, "StackRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


@pytest.mark.parametrize(
    ("repository", "fits"),
    [
        ("acme/data-platform", True),
        ("acme_corp/Data.Platform", True),  # managed users have an underscore
        ("acme@123456/data-platform@456789", True),
        # a token has both ids or none
        ("acme@123456/data-platform", False),
        ("acme/data-platform@456789", False),
        ("acme@x/data-platform@y", False),
        ("https://github.com/acme/data-platform", False),
        ("acme/data-platform:environment:staging", False),
        ("acme/*", False),
    ],
)
def test_a_repository_is_named_with_both_ids_or_none(repository, fits):
    pattern = read(DEPLOY)["Parameters"]["GitHubRepository"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, repository)) == fits


def test_the_deploy_role_reaches_its_repository_its_stack_and_what_prefect_is_told():
    given: dict[str, set[str]] = {}
    for action, resource, _ in rights(DEPLOY, "DeployRole"):
        given.setdefault(resource, set()).add(action)
    services = {
        resource: {action.partition(":")[0] for action in actions}
        for resource, actions in given.items()
    }
    stack = arn("cloudformation") + "stack/${PlatformStackName}/*"
    others = [
        arn("cloudformation") + f"stack/${{PlatformStackName}}-{name}/*"
        for name in ("deploy", "foundation", "lake", "server")
    ]
    session = arn("ssm") + "session/*"
    secret = arn("secretsmanager") + "secret:"
    # of the flows' secrets this one, with the six characters that AWS adds
    secrets = (
        f"{secret}prefect/*",
        f"{secret}dlt/destination/warehouse/credentials-??????",
    )
    assert services == {
        "*": {"ecr", "ecs", "ssmmessages"},
        "${Repository.Arn}": {"ecr"},
        "${CacheRepository.Arn}": {"ecr"},
        stack: {"cloudformation"},
        **{each: {"cloudformation"} for each in others},
        MACHINES: {"ssm"},
        TASKS: {"ecs", "ssm"},
        PORT_FORWARDING: {"ssm"},
        session: {"ssm"},
        **{each: {"secretsmanager"} for each in secrets},
        "${SecretsKeyArn}": {"kms"},
    }
    channel = "ssmmessages:OpenDataChannel"
    assert given["${CacheRepository.Arn}"] == given["${Repository.Arn}"]
    assert given["*"] == {"ecr:GetAuthorizationToken", "ecs:ListTasks", channel}
    assert given[TASKS] == {"ecs:DescribeTasks", "ssm:StartSession"}
    reads = {"cloudformation:DescribeStacks", "cloudformation:GetTemplate"}
    *by_hand, server = others
    assert given[server] == {"cloudformation:DescribeStacks"}
    for each in by_hand:
        assert given[each] == reads
    assert given[session] == {"ssm:ResumeSession", "ssm:TerminateSession"}
    for each in secrets:
        assert given[each] == {"secretsmanager:GetSecretValue"}


def test_each_right_to_start_a_session_requires_the_check_of_its_document():
    """One without it would open a shell on the machine, or in the container."""
    check = {"ssm:SessionDocumentAccessCheck": "true"}
    tag = "ssm:resourceTag/aws:cloudformation:stack-name"
    server = {tag: {"Sub": "${PlatformStackName}-server"}}
    started = {
        resource: condition
        for action, resource, condition in rights(DEPLOY, "DeployRole")
        if action == "ssm:StartSession"
    }
    assert started == {
        MACHINES: {"StringEquals": server, "Bool": check},
        TASKS: {"Bool": check},
        PORT_FORWARDING: {"Bool": check},
    }
    assert PORT_FORWARDING.endswith(f"/{tunnel.DOCUMENT}")


def test_tasks_are_listed_in_the_servers_cluster_alone():
    (condition,) = [
        condition
        for action, _, condition in rights(DEPLOY, "DeployRole")
        if action == "ecs:ListTasks"
    ]
    cluster = TASKS.replace(":task/", ":cluster/").removesuffix("/*")
    assert condition == {"ArnLike": {"ecs:cluster": {"Sub": cluster}}}
    # the pattern has the resource's name, and a template with a name would not fit it
    made = of_type(SERVERS["ecs"], "AWS::ECS::Cluster")
    assert [*made] == ["Cluster"] and "ClusterName" not in made["Cluster"]


def test_the_deploy_role_neither_deletes_nor_updates_past_a_change_set():
    actions = {action for action, _, _ in rights(DEPLOY, "DeployRole")}
    forbidden = {"DeleteStack", "UpdateStack", "CreateStack", "SetStackPolicy"}
    assert not {f"cloudformation:{name}" for name in forbidden} & actions
    assert "ecr:BatchDeleteImage" not in actions


def test_a_role_is_passed_only_to_its_service():
    ours = {ROLES: "ecs-tasks.amazonaws.com"}
    of_the_foundation = {ROLES.replace("}/*", "}-foundation/*"): "events.amazonaws.com"}
    for role, expected in (
        ("DeployRole", {}),
        ("StackRole", ours | of_the_foundation),
        ("Boundary", ours),
    ):
        passed = {
            resource: condition
            for action, resource, condition in rights(DEPLOY, role)
            if action == "iam:PassRole"
        }
        assert passed == {
            resource: {"StringEquals": {"iam:PassedToService": service}}
            for resource, service in expected.items()
        }


def test_images_are_kept_and_immutable():
    repository = read(DEPLOY)["Resources"]["Repository"]
    given = repository["Properties"]
    assert given["ImageTagMutability"] == "IMMUTABLE"
    assert given["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert given["EncryptionConfiguration"] == {"EncryptionType": "AES256"}
    rules = json.loads(given["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]


def test_the_builds_layers_are_overwritten_and_go_with_the_stack():
    repository = read(DEPLOY)["Resources"]["CacheRepository"]
    given = repository["Properties"]
    assert given["RepositoryName"] == {"Sub": "${PlatformStackName}-cache"}
    assert given["ImageTagMutability"] == "MUTABLE"
    assert given["EmptyOnDelete"] is True
    (rule,) = json.loads(given["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    selected = {"tagStatus": "untagged", "countNumber": 1, "countUnit": "days"}
    assert selected.items() <= rule["selection"].items()


def test_only_the_deploy_role_reaches_the_builds_layers():
    """What is written there becomes part of production's next image."""
    reaching = {
        (path.stem, name)
        for path in EVERY_TEMPLATE
        for kind in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
        for name in of_type(path, kind)
        for action, resource, _ in rights(path, name)
        if action.startswith("ecr:") and action != "ecr:GetAuthorizationToken"
        if "-cache" in resource or "CacheRepository" in resource or "*" in resource
    }
    assert reaching == {("github_deploy", "DeployRole")}
