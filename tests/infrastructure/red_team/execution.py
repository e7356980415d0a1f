"""Attempts with the role with which ECS starts tasks: somebody has a task run as it."""

from __future__ import annotations

from tests.infrastructure.red_team import (
    EVERYBODY,
    EVERYTHING,
    arn,
    attempt,
    read,
    role,
)

ATTEMPTS = {
    # secrets
    "Read the warehouse's secret": read("dlt/destination/warehouse/credentials"),
    "Read the alerts' address": read("prefect/slack-webhook-url"),
    "Read the key of the pager": read("prefect/pagerduty-integration-key"),
    "Read a secret beside Prefect's": read("prefect/api-key-of-finance"),
    "Read Prefect's secret of another region": attempt(
        "secretsmanager:GetSecretValue",
        SecretId=arn("secretsmanager", "secret:prefect/api-key-a1B2c3", "us-east-1"),
        region="us-east-1",
    ),
    "Read many secrets at once": attempt("secretsmanager:BatchGetSecretValue"),
    "List the secrets": attempt("secretsmanager:ListSecrets"),
    "Read an encrypted parameter": attempt("ssm:GetParameters", Names=["/theirs/key"]),
    "Encrypt by the secrets' key": attempt("kms:GenerateDataKey", KeyId="$KeyArn"),
    # images
    "Pull somebody's image": attempt("ecr:BatchGetImage", repositoryName="theirs"),
    "Pull a layer of somebody's image": attempt(
        "ecr:GetDownloadUrlForLayer", repositoryName="theirs"
    ),
    "Replace the image": attempt(
        "ecr:PutImage", repositoryName="$RepositoryName", imageTag="4f2a"
    ),
    "Plant a layer for the next image": attempt(
        "ecr:PutImage", repositoryName="$CacheRepositoryName", imageTag="main"
    ),
    "Upload a layer": attempt(
        "ecr:InitiateLayerUpload", repositoryName="$RepositoryName"
    ),
    "Delete the images": attempt(
        "ecr:BatchDeleteImage", repositoryName="$RepositoryName"
    ),
    "Share the images with another account": attempt(
        "ecr:SetRepositoryPolicy",
        repositoryName="$RepositoryName",
        policyText=EVERYBODY,
    ),
    # logs
    "Write somebody's log": attempt(
        "logs:PutLogEvents", logGroupName="/aws/cloudtrail", logStreamName="a"
    ),
    "Write the Prefect server's log": attempt(
        "logs:PutLogEvents", logGroupName="/rights-server/server", logStreamName="a"
    ),
    "Make a log group": attempt("logs:CreateLogGroup", logGroupName="/rights/theirs"),
    "Read the runs' logs": attempt(
        "logs:FilterLogEvents", logGroupName="$FlowLogGroupName"
    ),
    "Delete a run's log": attempt(
        "logs:DeleteLogStream", logGroupName="$FlowLogGroupName", logStreamName="a"
    ),
    "Keep logs for a day": attempt(
        "logs:PutRetentionPolicy", logGroupName="$FlowLogGroupName", retentionInDays=1
    ),
    # other roles
    "Be the worker": attempt("sts:AssumeRole", RoleArn="$WorkerRoleArn"),
    "Be CloudFormation": attempt("sts:AssumeRole", RoleArn="$StackRoleArn"),
    "Give itself every right": attempt(
        "iam:PutRolePolicy",
        RoleName="$ExecutionRoleName",
        PolicyName="all",
        PolicyDocument=EVERYTHING,
    ),
    "Remove its boundary": attempt(
        "iam:DeleteRolePermissionsBoundary", RoleName="$ExecutionRoleName"
    ),
    "Run a task as another role": attempt(
        "ecs:RunTask",
        cluster="$ClusterArn",
        taskDefinition="prefect_production_van:1",
        overrides={"taskRoleArn": role("rights/flows/rights-hubspot")},
    ),
    "Register a task": attempt(
        "ecs:RegisterTaskDefinition", family="rights-worker", taskRoleArn="$FlowRoleArn"
    ),
    "Stop the worker": attempt(
        "ecs:StopTask", cluster="$ClusterArn", task="0123456789abcdef"
    ),
    # data, machines, and those who watch
    "Read the lake": attempt("s3:GetObject", Bucket="$BucketName", Key="rates/1"),
    "Write the lake": attempt("s3:PutObject", Bucket="$BucketName", Key="rates/1"),
    "Read the queue of events": attempt(
        "sqs:ReceiveMessage", QueueUrl="$EventsQueueUrl"
    ),
    "Read a flow's secret": read("dlt/sources/hubspot"),
    "Delete the alarms": attempt("cloudwatch:DeleteAlarms", AlarmNames=["rights-a"]),
}
