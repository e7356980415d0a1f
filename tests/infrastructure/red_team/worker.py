"""Attempts with the worker's role: somebody has taken over Prefect's worker."""

from __future__ import annotations

from tests.infrastructure.red_team import (
    ADMINISTRATOR,
    EVERYTHING,
    FAMILY,
    KEY,
    SERVER,
    Attempt,
    arn,
    attempt,
    read,
    role,
    run,
    secret,
)


def register(family: str = FAMILY, **names: str) -> Attempt:
    """Return an attempt to register a task definition."""
    return attempt("ecs:RegisterTaskDefinition", family=family, **names)


ATTEMPTS = {
    # other clusters, tasks and definitions
    "Run a task in the Prefect server's cluster": run(SERVER),
    "Run a task in the account's default cluster": run("default"),
    "Run somebody's task definition": run(definition="theirs"),
    "Run the Prefect server's task definition": run(definition="rights-server-Task-1"),
    "Run another work pool's definition": run(definition="prefect_finance_payroll"),
    "Replace the Prefect server's definition": register("rights-server-Task-1a2b"),
    "Replace the worker's own definition": register("rights-worker"),
    "Replace somebody's definition": register("theirs"),
    "List the Prefect server's tasks": attempt("ecs:ListTasks", cluster=SERVER),
    "List somebody's tasks": attempt("ecs:ListTasks", cluster="theirs"),
    "Stop the Prefect server": attempt("ecs:StopTask", cluster=SERVER, task="0123abcd"),
    "Stop somebody's task": attempt("ecs:StopTask", cluster="theirs", task="0123abcd"),
    "Open a shell in a run": attempt(
        "ecs:ExecuteCommand", cluster="$ClusterArn", task="0123456789abcdef"
    ),
    "Start a service, which nobody ends": attempt(
        "ecs:CreateService", cluster="$ClusterArn", serviceName="theirs"
    ),
    "Change its own service": attempt(
        "ecs:UpdateService", cluster="$ClusterArn", service="$WorkerServiceName"
    ),
    "Delete the cluster": attempt("ecs:DeleteCluster", cluster="$ClusterArn"),
    "Delete definitions for good": attempt(
        "ecs:DeleteTaskDefinitions", taskDefinitions=[f"{FAMILY}:1"]
    ),
    "Tag somebody's task": attempt(
        "ecs:TagResource", resourceArn=arn("ecs", "task/theirs/0123abcd")
    ),
    "Allow shells in all tasks of the account": attempt(
        "ecs:PutAccountSetting", name="containerInsights", value="disabled"
    ),
    "Run a task in another region": attempt(
        "ecs:RunTask",
        cluster="$ClusterName",
        taskDefinition=f"{FAMILY}:1",
        region="us-east-1",
    ),
    # other roles
    "Run a task as an administrator": run(taskRoleArn=ADMINISTRATOR),
    "Run a task as GitHub's job": run(taskRoleArn="$DeployRoleArn"),
    "Run a task as the lake's reader": run(taskRoleArn="$SnowflakeRoleArn"),
    "Run a task with the server's rights": run(taskRoleArn=role("rights-server-R-1")),
    "Run a task as the alarms' publisher": run(taskRoleArn="$AlarmRoleArn"),
    "Start tasks with an administrator's rights": run(executionRoleArn=ADMINISTRATOR),
    "Register a task of an administrator": register(taskRoleArn=ADMINISTRATOR),
    "Register a task of CloudFormation": register(taskRoleArn="$StackRoleArn"),
    "Be a run itself": attempt("sts:AssumeRole", RoleArn="$FlowRoleArn"),
    "Give itself every right": attempt(
        "iam:PutRolePolicy",
        RoleName="$WorkerRoleName",
        PolicyName="all",
        PolicyDocument=EVERYTHING,
    ),
    "Remove its boundary": attempt(
        "iam:DeleteRolePermissionsBoundary", RoleName="$WorkerRoleName"
    ),
    "Start a function as a run": attempt(
        "lambda:CreateFunction", FunctionName="theirs", Role="$FlowRoleArn"
    ),
    "Start a machine as a run": attempt(
        "ec2:RunInstances", IamInstanceProfile={"Name": "theirs"}
    ),
    # secrets, data and images
    "Read Prefect's secret": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("prefect/api-key")
    ),
    "Read the warehouse's secret": attempt(
        "secretsmanager:GetSecretValue",
        SecretId=secret("dlt/destination/warehouse/credentials"),
    ),
    "Use a key": attempt("kms:Decrypt", KeyId=KEY),
    "Read the lake": attempt("s3:GetObject", Bucket="$BucketName", Key="rates/1"),
    "Delete from the lake": attempt(
        "s3:DeleteObject", Bucket="$BucketName", Key="rates/1"
    ),
    "Replace the image": attempt(
        "ecr:PutImage", repositoryName="$RepositoryName", imageTag="4f2a"
    ),
    "Plant a layer for the next image": attempt(
        "ecr:PutImage", repositoryName="$CacheRepositoryName", imageTag="main"
    ),
    # queues, logs, and those who watch
    "Read somebody's queue": attempt(
        "sqs:ReceiveMessage", QueueUrl=f"https://sqs/{'1' * 12}/theirs"
    ),
    "Read the queue of lost mails": attempt(
        "sqs:ReceiveMessage", QueueUrl=f"https://sqs/{'1' * 12}/rights-foundation-L-1"
    ),
    "Forge an event": attempt("sqs:SendMessage", QueueUrl="$EventsQueueUrl"),
    "Empty the queue of events": attempt("sqs:PurgeQueue", QueueUrl="$EventsQueueUrl"),
    "Read somebody's log": attempt(
        "logs:GetLogEvents", logGroupName="/aws/rds/theirs", logStreamName="a"
    ),
    "Read the Prefect server's log": attempt(
        "logs:GetLogEvents", logGroupName="/rights-server/server", logStreamName="a"
    ),
    "Delete its own traces": attempt(
        "logs:DeleteLogGroup", logGroupName="$WorkerLogGroupName"
    ),
    "Stop the rule of the tasks' events": attempt(
        "events:DisableRule", Name="rights-TaskEvents-1a2b"
    ),
    # the account
    "Read a flow's secret": read("dlt/sources/hubspot"),
    "Delete the alarms": attempt("cloudwatch:DeleteAlarms", AlarmNames=["rights-a"]),
}
