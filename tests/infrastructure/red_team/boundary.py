"""Attempts with a role that may do all within the boundary.

Whoever changes the platform's stack can make such a role, and have a task run with it.
"""

from __future__ import annotations

from tests.infrastructure.red_team import (
    ADMINISTRATOR,
    EVERYBODY,
    EVERYTHING,
    FULL_ACCESS,
    GROUP,
    KEY,
    MACHINE,
    OPEN,
    TRAIL,
    Attempt,
    attempt,
    secret,
)

FAMILY = "prefect_production_van"
SERVER = "rights-server-Cluster-1a2b"


def run(
    cluster: str = "$ClusterArn", definition: str = FAMILY, **names: str
) -> Attempt:
    """Return an attempt to run a task."""
    overrides = {"overrides": names} if names else {}
    return attempt(
        "ecs:RunTask", cluster=cluster, taskDefinition=f"{definition}:1", **overrides
    )


def queue(name: str) -> Attempt:
    """Return an attempt to read a queue."""
    return attempt("sqs:ReceiveMessage", QueueUrl=f"https://sqs/{'1' * 12}/{name}")


ATTEMPTS = {
    # tasks
    "List the Prefect server's tasks": attempt("ecs:ListTasks", cluster=SERVER),
    "List somebody's tasks": attempt("ecs:ListTasks", cluster="theirs"),
    "Stop the Prefect server": attempt("ecs:StopTask", cluster=SERVER, task="0123abcd"),
    "See the Prefect server's tasks": attempt(
        "ecs:DescribeTasks", cluster=SERVER, tasks=["0123abcd"]
    ),
    "Run a task in the Prefect server's cluster": run(SERVER),
    "Run a task in the account's default cluster": run("default"),
    "Run the Prefect server's task definition": run(definition="rights-server-Task-1"),
    "Replace the worker's definition": attempt(
        "ecs:RegisterTaskDefinition", family="rights-worker"
    ),
    "Tag the Prefect server's tasks": attempt(
        "ecs:TagResource",
        resourceArn=f"arn:aws:ecs:eu-central-1:123456789012:task/{SERVER}/0123abcd",
    ),
    "Change the worker's service": attempt(
        "ecs:UpdateService", cluster="$ClusterArn", service="$WorkerServiceName"
    ),
    "Open a shell in a task": attempt(
        "ecs:ExecuteCommand", cluster="$ClusterArn", task="0123456789abcdef"
    ),
    # roles
    "Run a task as an administrator": run(taskRoleArn=ADMINISTRATOR),
    "Run a task as CloudFormation": run(taskRoleArn="$StackRoleArn"),
    "Run a task as GitHub's job": run(taskRoleArn="$DeployRoleArn"),
    "Run a task as the alarms' publisher": run(taskRoleArn="$AlarmRoleArn"),
    "Start a function as a run": attempt(
        "lambda:CreateFunction", FunctionName="theirs", Role="$FlowRoleArn"
    ),
    "Be a run": attempt("sts:AssumeRole", RoleArn="$FlowRoleArn"),
    "Be the lake's reader": attempt("sts:AssumeRole", RoleArn="$SnowflakeRoleArn"),
    "Remove its boundary": attempt(
        "iam:DeleteRolePermissionsBoundary", RoleName="inside"
    ),
    "Widen the boundary": attempt(
        "iam:CreatePolicyVersion",
        PolicyArn="$BoundaryArn",
        PolicyDocument=EVERYTHING,
        SetAsDefault=True,
    ),
    "Attach the administrator's policy to itself": attempt(
        "iam:AttachRolePolicy", RoleName="inside", PolicyArn=FULL_ACCESS
    ),
    "Make a role": attempt("iam:CreateRole", RoleName="theirs", Path="/rights/"),
    "Make a user": attempt("iam:CreateUser", UserName="theirs"),
    "Change the platform's stack": attempt(
        "cloudformation:UpdateStack", StackName="rights"
    ),
    # secrets and data
    "Read the server's database's password": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("rights-server-Database-1a2b")
    ),
    "Read somebody's secret": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("payroll")
    ),
    "Change Prefect's secret": attempt(
        "secretsmanager:PutSecretValue", SecretId=secret("prefect/api-key")
    ),
    "Decrypt by the secrets' key, beside Secrets Manager": attempt(
        "kms:Decrypt", KeyId="$KeyArn"
    ),
    "Decrypt by another key": attempt("kms:Decrypt", KeyId=KEY),
    "Read an encrypted parameter": attempt("ssm:GetParameter", Name="/theirs/password"),
    "Read the server's dumps": attempt(
        "s3:GetObject", Bucket="$DumpBucketName", Key="prefect.dump"
    ),
    "Carry data off to another bucket": attempt(
        "s3:PutObject", Bucket="theirs", Key="loot"
    ),
    "Open the lake to another account": attempt(
        "s3:PutBucketPolicy", Bucket="$BucketName", Policy=EVERYBODY
    ),
    "Replace the image": attempt(
        "ecr:PutImage", repositoryName="$RepositoryName", imageTag="4f2a"
    ),
    # queues, logs, and those who watch
    "Read the Prefect server's queue": queue("rights-server-Queue-1a2b"),
    "Read the queue of lost mails": queue("rights-foundation-LostMails-1a2b"),
    "Forge an event": attempt("sqs:SendMessage", QueueUrl="$EventsQueueUrl"),
    "Read the Prefect server's log": attempt(
        "logs:GetLogEvents", logGroupName="/rights-server/server", logStreamName="a"
    ),
    "Delete the runs' log": attempt(
        "logs:DeleteLogGroup", logGroupName="$FlowLogGroupName"
    ),
    "Delete the alarms": attempt("cloudwatch:DeleteAlarms", AlarmNames=["rights-a"]),
    "Receive the alarms": attempt(
        "sns:Subscribe", TopicArn="$AlarmTopicArn", Endpoint="theirs@example.org"
    ),
    "Switch off the trail": attempt("cloudtrail:StopLogging", Name=TRAIL),
    # machines
    "Start a large machine": attempt("ec2:RunInstances", InstanceType="p5.48xlarge"),
    "Open a database's port to the world": attempt(
        "ec2:AuthorizeSecurityGroupIngress", GroupId=GROUP, IpPermissions=[OPEN]
    ),
    "Open a shell on a machine": attempt("ssm:StartSession", Target=MACHINE),
}
