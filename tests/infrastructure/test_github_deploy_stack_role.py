"""Rights of CloudFormation for the platform: the stack role, and its boundary.

What CloudFormation calls for a type of resource is told by AWS's own schema of the type,
which comes with cfn-lint. That the rights suffice in an account was not tried.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase

from tests.cloud.schemas import READS, schema
from tests.infrastructure.templates import (
    TEMPLATES,
    of_type,
    properties,
    read,
    rights,
    statements,
    text,
)

DEPLOY = TEMPLATES["data-platform-deploy"]
PLATFORM = TEMPLATES["data-platform"]
ROLES = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${PlatformStackName}/*"
# What the schemas name for features that the platform's template does not use.
UNUSED = {
    "application-autoscaling:DeleteScheduledAction",
    "application-autoscaling:PutScheduledAction",
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
}
OTHER_SERVICES = ("firehose:", "kms:", "lambda:", "s3:", "vpc-lattice:")


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


def given() -> set[str]:
    return {action for action, _, _ in rights(DEPLOY, "StackRole")}


def reads(action: str) -> bool:
    """Return whether an action only reads. Those that show no data are allowed everywhere."""
    return action.partition(":")[2].startswith(READS)


def test_the_stack_role_has_the_rights_that_awss_schemas_name():
    called = called_by_cloudformation()
    assert len(called) > 75
    assert not {
        each
        for each in called
        if not any(fnmatchcase(each, allowed) for allowed in given())
    }
    written = {each for each in given() if not reads(each)}
    assert written <= called


def test_the_stack_role_reads_what_the_handlers_of_other_years_may_read():
    """Others lost the creation of a stack to a list of reads that was too short."""
    for action in (
        *("ec2:DescribeAvailabilityZones", "ec2:DescribeVpcEncryptionControls"),
        *("ec2:DescribeVpnGateways", "kms:DescribeKey", "cloudformation:ListExports"),
        *("ecs:DescribeCapacityProviders", "logs:DescribeAccountPolicies"),
    ):
        assert any(fnmatchcase(action, allowed) for allowed in given()), action


def test_a_wildcard_of_actions_only_reads_and_shows_no_data():
    for action in given():
        assert "*" not in action or reads(action)
        for data in (
            *("logs:GetLogEvents", "logs:FilterLogEvents", "sqs:ReceiveMessage"),
            *("secretsmanager:GetSecretValue", "ssm:GetParameters", "s3:GetObject"),
        ):
            assert not fnmatchcase(data, action)


def test_the_stack_role_reaches_what_bears_the_stacks_name():
    """None of its rights changes anything of EC2, which a person alone deploys."""
    for action, resource, _ in rights(DEPLOY, "StackRole"):
        service, _, verb = action.partition(":")
        if "${PlatformStackName}" in resource:
            continue
        if resource == "*":
            assert reads(action) or verb == "DeregisterTaskDefinition", action
        else:
            of_iam = ["iam"] if verb == "CreateServiceLinkedRole" else []
            assert service in ("application-autoscaling", *of_iam), action
    assert not {each for each in given() if each.startswith("ec2:") and not reads(each)}


def test_the_stack_role_is_denied_the_other_stacks_of_the_platform():
    """Their names begin with the platform's."""
    (denied,) = [
        each
        for each in statements(DEPLOY, "StackRole")
        if each["Effect"] == "Deny" and each["Action"] == "*"
    ]
    assert denied["Action"] == "*"
    refused = {text(each) for each in denied["Resource"]}
    for _, resource, _ in rights(DEPLOY, "StackRole"):
        # the names of roles end with a slash
        if resource.endswith("${PlatformStackName}-*"):
            assert resource.replace("-*", "-server-*") in refused


def test_roles_are_made_only_within_the_boundary():
    bounded = {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    needs_it = {
        *("iam:CreateRole", "iam:PutRolePermissionsBoundary"),
        *("iam:PutRolePolicy", "iam:DeleteRolePolicy"),
    }
    for action, resource, condition in rights(DEPLOY, "StackRole"):
        if action.startswith("iam:") and resource != "*":
            if action in ("iam:CreateServiceLinkedRole", "iam:PassRole"):
                continue
            assert resource == ROLES
            assert (condition == bounded) == (action in needs_it), action
    assert not given() & {
        *("iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary"),
        *("iam:CreateUser", "iam:CreatePolicy", "iam:CreatePolicyVersion"),
    }
    name = "policy/${AWS::StackName}-boundary"
    for role, each in of_type(PLATFORM, "AWS::IAM::Role").items():
        assert each["PermissionsBoundary"]["Sub"].endswith(name), role
    assert properties(DEPLOY, "Boundary")["ManagedPolicyName"] == {
        "Sub": "${PlatformStackName}-boundary"
    }


def test_the_boundarys_files_are_the_lakes():
    """The lake's stack has one bucket, whose name AWS makes of the stack's."""
    lake = of_type(TEMPLATES["data-platform-lake"], "AWS::S3::Bucket")
    assert all("BucketName" not in each for each in lake.values())
    buckets = {
        resource
        for action, resource, _ in rights(DEPLOY, "Boundary")
        if action.startswith("s3:")
    }
    assert buckets == {"arn:${AWS::Partition}:s3:::${PlatformStackName}-lake-*"}


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
