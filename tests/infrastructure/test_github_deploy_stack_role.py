"""Rights of CloudFormation for the platform: the stack role, and its boundary.

What CloudFormation calls for a type of resource is told by AWS's own schema of the type,
which comes with cfn-lint. That the rights suffice in an account was not tried.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

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
    "iam:DeleteGroupPolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPolicy",
    "iam:DetachRolePolicy",
    "iam:GetGroupPolicy",
    "iam:GetUserPolicy",
    "iam:PutGroupPolicy",
    "iam:PutUserPolicy",
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
