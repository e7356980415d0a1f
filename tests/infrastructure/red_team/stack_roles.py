"""Attempts with CloudFormation's role to make, change and hand on roles."""

from __future__ import annotations

from tests.infrastructure.red_team import (
    ADMINISTRATOR,
    EVERYBODY,
    EVERYTHING,
    FULL_ACCESS,
    Attempt,
    attempt,
    role,
)


def container(**names: str) -> Attempt:
    """Return an attempt to register a task definition with roles."""
    return attempt("ecs:RegisterTaskDefinition", family="rights-worker", **names)


ATTEMPTS = {
    # roles and users
    "Make a role without the boundary": attempt(
        "iam:CreateRole", RoleName="rights-theirs", Path="/rights/"
    ),
    "Make a role with another boundary": attempt(
        "iam:CreateRole",
        RoleName="rights-theirs",
        Path="/rights/",
        PermissionsBoundary=FULL_ACCESS,
    ),
    "Make a role elsewhere": attempt(
        "iam:CreateRole",
        RoleName="theirs",
        Path="/",
        PermissionsBoundary="$BoundaryArn",
    ),
    "Remove a role's boundary": attempt(
        "iam:DeleteRolePermissionsBoundary", RoleName="$WorkerRoleName"
    ),
    "Give a role another boundary": attempt(
        "iam:PutRolePermissionsBoundary",
        RoleName="$WorkerRoleName",
        PermissionsBoundary=FULL_ACCESS,
    ),
    "Delete the boundary": attempt("iam:DeletePolicy", PolicyArn="$BoundaryArn"),
    "Give itself every right": attempt(
        "iam:PutRolePolicy",
        RoleName="$StackRoleName",
        PolicyName="all",
        PolicyDocument=EVERYTHING,
    ),
    "Give GitHub's role every right": attempt(
        "iam:AttachRolePolicy", RoleName="$DeployRoleName", PolicyArn=FULL_ACCESS
    ),
    "Give a role that no boundary limits every right": attempt(
        "iam:PutRolePolicy",
        RoleName="unbounded",
        PolicyName="all",
        PolicyDocument=EVERYTHING,
    ),
    "Let every repository be GitHub's role": attempt(
        "iam:UpdateAssumeRolePolicy",
        RoleName="$DeployRoleName",
        PolicyDocument=EVERYBODY,
    ),
    "Let another account be the administrator": attempt(
        "iam:UpdateAssumeRolePolicy",
        RoleName="Administrator",
        PolicyDocument=EVERYBODY,
    ),
    "Tag GitHub's role, as conditions may read it": attempt(
        "iam:TagRole", RoleName="$DeployRoleName", Tags=[{"Key": "a", "Value": "b"}]
    ),
    "Make a policy": attempt("iam:CreatePolicy", PolicyName="rights-theirs"),
    "Give machines a role": attempt(
        "iam:AddRoleToInstanceProfile",
        InstanceProfileName="theirs",
        RoleName="$WorkerRoleName",
    ),
    "Trust another identity provider": attempt(
        "iam:CreateOpenIDConnectProvider", Url="https://theirs.example.org"
    ),
    "Make another service's own role": attempt(
        "iam:CreateServiceLinkedRole", AWSServiceName="organizations.amazonaws.com"
    ),
    "Be GitHub's role": attempt("sts:AssumeRole", RoleArn="$DeployRoleArn"),
    # roles handed on
    "Run tasks as an administrator": container(taskRoleArn=ADMINISTRATOR),
    "Run tasks as itself": container(taskRoleArn="$StackRoleArn"),
    "Run tasks as the lake's reader": container(taskRoleArn="$SnowflakeRoleArn"),
    "Run tasks with a role that no boundary limits": container(
        taskRoleArn=role("unbounded")
    ),
    "Send events as an administrator": attempt(
        "events:PutTargets",
        Rule="rights-Rule-1",
        Targets=[{"Id": "a", "Arn": "$AlarmTopicArn", "RoleArn": ADMINISTRATOR}],
    ),
    "Start a function as the worker": attempt(
        "lambda:CreateFunction", FunctionName="rights-f", Role="$WorkerRoleArn"
    ),
    "Start anything at a time of its own": attempt(
        "scheduler:CreateSchedule",
        Name="rights-s",
        Target={"Arn": "$ClusterArn", "RoleArn": "$WorkerRoleArn"},
    ),
}
