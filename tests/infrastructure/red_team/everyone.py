"""Attempts with each of the roles: what an attacker wants whoever it has become."""

from __future__ import annotations

from tests.infrastructure.red_team import (
    EVERYBODY,
    EVERYTHING,
    GROUP,
    KEY,
    MACHINE,
    OPEN,
    TRAIL,
    attempt,
    secret,
)

ATTEMPTS = {
    # secrets, keys and data
    "Change Prefect's secret": attempt(
        "secretsmanager:PutSecretValue", SecretId=secret("prefect/api-key")
    ),
    "Read the server's database's password": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("rights-server-Database-1a2b")
    ),
    "Read an encrypted parameter": attempt("ssm:GetParameter", Name="/theirs/password"),
    "Decrypt by another key": attempt("kms:Decrypt", KeyId=KEY),
    "Decrypt by the secrets' key, beside Secrets Manager": attempt(
        "kms:Decrypt", KeyId="$KeyArn"
    ),
    "Read the server's dumps": attempt(
        "s3:GetObject", Bucket="$DumpBucketName", Key="prefect.dump"
    ),
    "Open the lake to another account": attempt(
        "s3:PutBucketPolicy", Bucket="$BucketName", Policy=EVERYBODY
    ),
    # other roles
    "Be a run": attempt("sts:AssumeRole", RoleArn="$FlowRoleArn"),
    "Be the lake's reader": attempt("sts:AssumeRole", RoleArn="$SnowflakeRoleArn"),
    "Run a task as CloudFormation": attempt(
        "ecs:RunTask",
        cluster="$ClusterArn",
        taskDefinition="prefect_production_van:1",
        overrides={"taskRoleArn": "$StackRoleArn"},
    ),
    "Widen the boundary": attempt(
        "iam:CreatePolicyVersion",
        PolicyArn="$BoundaryArn",
        PolicyDocument=EVERYTHING,
        SetAsDefault=True,
    ),
    "Make a user": attempt("iam:CreateUser", UserName="theirs"),
    "Make a key of a person": attempt("iam:CreateAccessKey", UserName="person"),
    # the account
    "Change the platform's stack": attempt(
        "cloudformation:UpdateStack", StackName="rights"
    ),
    "Open a shell in a task": attempt(
        "ecs:ExecuteCommand", cluster="$ClusterArn", task="0123456789abcdef"
    ),
    "Open a shell on a machine": attempt("ssm:StartSession", Target=MACHINE),
    "Start a large machine": attempt("ec2:RunInstances", InstanceType="p5.48xlarge"),
    "Open a database's port to the world": attempt(
        "ec2:AuthorizeSecurityGroupIngress", GroupId=GROUP, IpPermissions=[OPEN]
    ),
    # those who watch
    "Receive the alarms": attempt(
        "sns:Subscribe", TopicArn="$AlarmTopicArn", Endpoint="theirs@example.org"
    ),
    "Switch off the trail": attempt("cloudtrail:StopLogging", Name=TRAIL),
}
