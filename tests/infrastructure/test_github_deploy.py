"""Rights of a deployment: roles, conditions, and CloudFormation's rights for the platform.

What CloudFormation calls for a type of resource is told by AWS's own schema of the type,
which comes with cfn-lint. That the rights suffice in an account was not tried.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from tests.infrastructure.templates import (
    TEMPLATES,
    of_type,
    properties,
    read,
    rights,
    statements,
)

DEPLOY = TEMPLATES["data-platform-deploy"]
PLATFORM = TEMPLATES["data-platform"]
GITHUB = "token.actions.githubusercontent.com"
ROLES = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${PlatformStackName}/*"
OF_THE_STACK = {
    "StringEquals": {
        "aws:ResourceTag/aws:cloudformation:stack-name": {"Ref": "PlatformStackName"}
    }
}
# What the schemas name for features that the platform's template does not use.
UNUSED = {
    "application-autoscaling:DeleteScheduledAction",
    "application-autoscaling:PutScheduledAction",
    "ec2:AcceptAddressTransfer",
    "ec2:AssignIpv6Addresses",
    "ec2:AssignPrivateIpAddresses",
    "ec2:AssignPrivateNatGatewayAddress",
    "ec2:AssociateIamInstanceProfile",
    "ec2:AssociateNatGatewayAddress",
    "ec2:AssociateSubnetCidrBlock",
    "ec2:AttachVolume",
    "ec2:AttachVpnGateway",
    "ec2:CreateVpcEncryptionControl",
    "ec2:DescribeVpcEncryptionControls",
    "ec2:DescribeVpnGateways",
    "ec2:DetachVolume",
    "ec2:DetachVpnGateway",
    "ec2:DisassociateIamInstanceProfile",
    "ec2:DisassociateNatGatewayAddress",
    "ec2:DisassociateSubnetCidrBlock",
    "ec2:ModifyInstancePlacement",
    "ec2:ModifyPrivateDnsNameOptions",
    "ec2:ModifyPublicIpDnsNameOptions",
    "ec2:ModifyVpcTenancy",
    "ec2:MonitorInstances",
    "ec2:ReplaceIamInstanceProfileAssociation",
    "ec2:UnassignIpv6Addresses",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:UnassignPrivateNatGatewayAddress",
    "ec2:UnmonitorInstances",
    "ecs:PutAccountSetting",
    "ecs:PutAccountSettingDefault",
    "ecs:PutClusterCapacityProviders",
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DetachRolePolicy",
    "logs:AssociateKmsKey",
    "logs:CreateLogDelivery",
    "logs:DeleteDataProtectionPolicy",
    "logs:DeleteIndexPolicy",
    "logs:DeleteResourcePolicy",
    "logs:DisassociateKmsKey",
    "logs:PutBearerTokenAuthentication",
    "logs:PutDataProtectionPolicy",
    "logs:PutIndexPolicy",
    "logs:PutLogGroupDeletionProtection",
    "logs:PutResourcePolicy",
    "sns:PutDataProtectionPolicy",
    "ssm:CreateAssociation",
    "ssm:DeleteAssociation",
    "ssm:DescribeAssociation",
    "ssm:ListAssociations",
}
OTHER_SERVICES = ("firehose:", "kms:", "lambda:", "s3:", "vpc-lattice:", "vpce:")
# Beside what the schemas name.
BESIDES = {
    "ec2:DescribeAvailabilityZones",  # Fn::GetAZs
    "ec2:DescribeTags",  # told by the schemas' part on tags
    "iam:CreateServiceLinkedRole",
    "ssm:GetParameters",  # the launch template's image
}


def arn(service: str) -> str:
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:"


@cache
def schema(kind: str) -> dict[str, Any]:
    folder = files("cfnlint.data.schemas")
    names = json.loads((folder / "providers" / "us-east-1.json").read_text())
    name = names[kind].removesuffix(".json")
    return json.loads((folder / "resources" / f"{name}.json").read_text())


def called_by_cloudformation() -> set[str]:
    kinds = {each["Type"] for each in read(PLATFORM)["Resources"].values()}
    called = {
        action
        for kind in kinds
        for name, handler in schema(kind)["handlers"].items()
        if name != "list"  # a person's, who looks for resources to import
        for action in handler["permissions"]
    }
    return {each for each in called - UNUSED if not each.startswith(OTHER_SERVICES)}


def test_only_this_repositorys_production_may_deploy():
    (trust,) = properties(DEPLOY, "DeployRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    subject = "repo:${GitHubRepository}:environment:production"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": {"Sub": subject},
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
    service = arn("ecs") + "service/${PlatformStackName}-*"
    secret = arn("secretsmanager") + "secret:"
    # of the flows' secrets this one, with the six characters that AWS adds
    secrets = (
        f"{secret}prefect/*",
        f"{secret}dlt/destination/warehouse/credentials-??????",
    )
    assert services == {
        "*": {"ecr"},
        "${Repository.Arn}": {"ecr"},
        stack: {"cloudformation"},
        "${StackRole.Arn}": {"iam"},
        service: {"ecs"},
        **{each: {"secretsmanager"} for each in secrets},
    }
    assert given["*"] == {"ecr:GetAuthorizationToken"}
    assert given["${StackRole.Arn}"] == {"iam:PassRole"}
    assert given[service] == {"ecs:DescribeServices"}
    for each in secrets:
        assert given[each] == {"secretsmanager:GetSecretValue"}


def test_the_deploy_role_neither_deletes_nor_updates_past_a_change_set():
    actions = {action for action, _, _ in rights(DEPLOY, "DeployRole")}
    forbidden = {"DeleteStack", "UpdateStack", "CreateStack", "SetStackPolicy"}
    assert not {f"cloudformation:{name}" for name in forbidden} & actions
    assert "ecr:BatchDeleteImage" not in actions


def test_a_role_is_passed_only_to_its_service():
    for role, service in (
        ("DeployRole", "cloudformation.amazonaws.com"),
        ("StackRole", "ecs-tasks.amazonaws.com"),
        ("Boundary", "ecs-tasks.amazonaws.com"),
    ):
        passed = [each for each in rights(DEPLOY, role) if each[0] == "iam:PassRole"]
        assert passed, role
        for _, resource, condition in passed:
            assert condition == {"StringEquals": {"iam:PassedToService": service}}
            assert resource in (ROLES, "${StackRole.Arn}")


def test_images_are_kept_and_immutable():
    repository = read(DEPLOY)["Resources"]["Repository"]
    given = repository["Properties"]
    assert given["ImageTagMutability"] == "IMMUTABLE"
    assert given["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert given["EncryptionConfiguration"] == {"EncryptionType": "AES256"}
    rules = json.loads(given["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]


def test_the_stack_role_has_the_rights_that_awss_schemas_name():
    given = {action for action, _, _ in rights(DEPLOY, "StackRole")}
    called = called_by_cloudformation()
    assert len(called) > 100
    assert called - given == set()
    assert given - called - BESIDES == set()


def test_the_stack_role_has_no_wildcard_of_actions():
    for statement in statements(DEPLOY, "StackRole"):
        assert statement["Effect"] == "Allow"
        assert "*" not in json.dumps(statement["Action"])


def test_the_stack_role_reaches_what_bears_the_stacks_name():
    for action, resource, condition in rights(DEPLOY, "StackRole"):
        if "${PlatformStackName}" in resource or condition == OF_THE_STACK:
            continue
        verb = action.partition(":")[2]
        if resource == "*":
            reads = verb.startswith(("Describe", "Get"))
            in_region = condition == {
                "StringEquals": {"aws:RequestedRegion": {"Ref": "AWS::Region"}}
            }
            assert reads or in_region or verb == "DeregisterTaskDefinition", action
        else:
            assert action.partition(":")[0] in (
                *("application-autoscaling", "billing", "ssm"),
                *(["iam"] if verb == "CreateServiceLinkedRole" else []),
            ), action


def test_what_is_there_changes_only_with_the_stacks_tag():
    """CloudFormation sets that tag, and nobody else can, as it creates such a thing."""
    unguarded = {
        action
        for action, _, condition in rights(DEPLOY, "StackRole")
        if action.startswith("ec2:") and condition != OF_THE_STACK
    }
    changing = ("Delete", "Terminate", "Stop", "Modify", "Replace", "Release", "Revoke")
    assert {each for each in unguarded if each[4:].startswith(changing)} == {
        "ec2:DeleteLaunchTemplate",
        "ec2:DeleteTags",
    }
    for kind in {each["Type"] for each in read(PLATFORM)["Resources"].values()}:
        tags = schema(kind).get("tagging", {})
        if kind.startswith("AWS::EC2::") and tags.get("taggable"):
            assert tags["tagOnCreate"] and tags["cloudFormationSystemTags"], kind


def test_roles_are_made_only_within_the_boundary():
    bounded = {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    needs_it = {
        *("iam:CreateRole", "iam:PutRolePermissionsBoundary"),
        *("iam:PutRolePolicy", "iam:DeleteRolePolicy"),
    }
    for action, resource, condition in rights(DEPLOY, "StackRole"):
        if action.startswith("iam:") and action != "iam:CreateServiceLinkedRole":
            assert resource == ROLES
            assert (condition == bounded) == (action in needs_it), action
    given = {action for action, _, _ in rights(DEPLOY, "StackRole")}
    assert not given & {
        *("iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary"),
        *("iam:CreateUser", "iam:CreatePolicy", "iam:CreatePolicyVersion"),
    }
    name = "policy/${AWS::StackName}-boundary"
    for role, each in of_type(PLATFORM, "AWS::IAM::Role").items():
        assert each["PermissionsBoundary"]["Sub"].endswith(name), role
    assert properties(DEPLOY, "Boundary")["ManagedPolicyName"] == {
        "Sub": "${PlatformStackName}-boundary"
    }


def test_the_boundary_allows_what_the_platforms_roles_may_do_and_nothing_else():
    allowed = {action for action, _, _ in rights(DEPLOY, "Boundary")}
    used = {
        action
        for role in of_type(PLATFORM, "AWS::IAM::Role")
        for action, _, _ in rights(PLATFORM, role)
    }
    assert allowed == used


def test_the_policies_are_not_too_long_for_iam():
    """IAM allows 10,240 characters for a role's inline policies, 6,144 for a managed one."""
    for role, limit in (
        ("StackRole", 10_240),
        ("DeployRole", 10_240),
        ("Boundary", 6_144),
    ):
        written = json.dumps(statements(DEPLOY, role), separators=(",", ":"))
        longest = re.sub(r"\$\{[^}]*\}", "x" * 31, written)
        assert len(longest) < limit, (role, len(longest))
