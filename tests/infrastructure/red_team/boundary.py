"""Attempts with a role that may do all within the boundary.

Whoever changes the platform's stack can make such a role, and have a task run with it.
"""

from __future__ import annotations

from tests.infrastructure.red_team import (
    ADMINISTRATOR,
    FULL_ACCESS,
    SERVER,
    THEIRS,
    Attempt,
    arn,
    attempt,
    run,
    secret,
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
        resourceArn=arn("ecs", f"task/{SERVER}/0123abcd"),
    ),
    "Change the worker's service": attempt(
        "ecs:UpdateService", cluster="$ClusterArn", service="$WorkerServiceName"
    ),
    # roles
    "Run a task as an administrator": run(taskRoleArn=ADMINISTRATOR),
    "Run a task as GitHub's job": run(taskRoleArn="$DeployRoleArn"),
    "Run a task as the alarms' publisher": run(taskRoleArn="$AlarmRoleArn"),
    "Start a function as a run": attempt(
        "lambda:CreateFunction", FunctionName="theirs", Role="$FlowRoleArn"
    ),
    "Remove its boundary": attempt(
        "iam:DeleteRolePermissionsBoundary", RoleName="inside"
    ),
    "Attach the administrator's policy to itself": attempt(
        "iam:AttachRolePolicy", RoleName="inside", PolicyArn=FULL_ACCESS
    ),
    "Make a role": attempt("iam:CreateRole", RoleName="theirs", Path="/rights/"),
    # secrets and data
    "Read somebody's secret": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("payroll")
    ),
    "Carry data off to another bucket": attempt(
        "s3:PutObject", Bucket="theirs", Key="loot"
    ),
    "Carry data off to a bucket that is named like the lake": attempt(
        "s3:PutObject", Bucket=f"rights-lake-{THEIRS}", Key="loot"
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
    # machines
    "Delete the alarms": attempt("cloudwatch:DeleteAlarms", AlarmNames=["rights-a"]),
}
