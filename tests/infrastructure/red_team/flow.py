"""Attempts with the role of one source's runs: a package in a run of `van` is a bad one."""

from __future__ import annotations

from tests.infrastructure.red_team import (
    EVERYBODY,
    EVERYTHING,
    MACHINE,
    THEIRS,
    arn,
    attempt,
    read,
    role,
    secret,
)

ATTEMPTS = {
    # secrets
    "Read HubSpot's token": read("dlt/sources/hubspot"),
    "Read another source's credentials": read("dlt/sources/products/credentials"),
    "Read a source whose name begins with its own": read("dlt/sources/vandalia"),
    "Read a source that is called like its own and more": read("dlt/sources/van_2/key"),
    "Read Prefect's secret": read("prefect/api-key"),
    "Read Prefect's secret of tasks": read("prefect/task-api-key"),
    "Read the alerts' address": read("prefect/slack-webhook-url"),
    "Read an upper folder": read("dlt"),
    "Read a secret of another region": attempt(
        "secretsmanager:GetSecretValue",
        SecretId=arn(
            "secretsmanager", "secret:dlt/sources/hubspot-a1B2c3", "us-east-1"
        ),
        region="us-east-1",
    ),
    "Read many secrets at once": attempt("secretsmanager:BatchGetSecretValue"),
    "Change its own secret": attempt(
        "secretsmanager:PutSecretValue", SecretId=secret("dlt/sources/van")
    ),
    "Delete the warehouse's secret": attempt(
        "secretsmanager:DeleteSecret",
        SecretId=secret("dlt/destination/warehouse/credentials"),
    ),
    "Show its secret to another account": attempt(
        "secretsmanager:PutResourcePolicy",
        SecretId=secret("dlt/sources/van"),
        ResourcePolicy=EVERYBODY,
    ),
    "Give another account the key": attempt(
        "kms:CreateGrant",
        KeyId="$KeyArn",
        GranteePrincipal=f"arn:aws:iam::{THEIRS}:root",
    ),
    # the lake, and other buckets
    "Read somebody's bucket": attempt("s3:GetObject", Bucket="theirs", Key="payroll"),
    "Carry data off to another bucket": attempt(
        "s3:PutObject", Bucket="theirs", Key="loot"
    ),
    "List the account's buckets": attempt("s3:ListBuckets"),
    "Delete the lake": attempt("s3:DeleteBucket", Bucket="$BucketName"),
    "Delete old versions, so that nothing brings the lake back": attempt(
        "s3:DeleteObject", Bucket="$BucketName", Key="rates/1", VersionId="1"
    ),
    "Keep no more versions": attempt(
        "s3:PutBucketVersioning",
        Bucket="$BucketName",
        VersioningConfiguration={"Status": "Suspended"},
    ),
    "Let the lake's files expire": attempt(
        "s3:PutBucketLifecycleConfiguration", Bucket="$BucketName"
    ),
    "Open a file of the lake to all": attempt(
        "s3:PutObjectAcl", Bucket="$BucketName", Key="rates/1", ACL="public-read"
    ),
    # other roles
    "Be the runs of HubSpot": attempt(
        "sts:AssumeRole", RoleArn=role("rights/flows/rights-hubspot")
    ),
    "Be CloudFormation": attempt("sts:AssumeRole", RoleArn="$StackRoleArn"),
    "Be itself with the tags of another": attempt(
        "sts:AssumeRole",
        RoleArn="$FlowRoleArn",
        Tags=[{"Key": "Source", "Value": "hubspot"}],
    ),
    "Give itself every right": attempt(
        "iam:PutRolePolicy",
        RoleName="rights-van",
        PolicyName="all",
        PolicyDocument=EVERYTHING,
    ),
    "Tag itself as another source": attempt(
        "iam:TagRole",
        RoleName="rights-van",
        Tags=[{"Key": "Source", "Value": "hubspot"}],
    ),
    # tasks and machines
    "Run a task as another source": attempt(
        "ecs:RunTask",
        cluster="$ClusterArn",
        taskDefinition="prefect_production_hubspot:1",
    ),
    "Register a task of another source": attempt(
        "ecs:RegisterTaskDefinition",
        family="prefect_production_van",
        taskRoleArn="$FlowRoleArn",
    ),
    "Stop another run": attempt(
        "ecs:StopTask", cluster="$ClusterArn", task="0123456789abcdef"
    ),
    "Open a shell in another run": attempt(
        "ecs:ExecuteCommand", cluster="$ClusterArn", task="0123456789abcdef"
    ),
    "See the other runs": attempt(
        "ecs:DescribeTasks", cluster="$ClusterArn", tasks=["0123456789abcdef"]
    ),
    "Look at the network": attempt("ec2:DescribeInstances"),
    "Run a command on the server": attempt(
        "ssm:SendCommand", InstanceIds=[MACHINE], DocumentName="AWS-RunShellScript"
    ),
    # images, messages, logs, and those who watch
    "Replace the image of all runs": attempt(
        "ecr:PutImage", repositoryName="$RepositoryName", imageTag="4f2a"
    ),
    "Plant a layer for the next image": attempt(
        "ecr:PutImage", repositoryName="$CacheRepositoryName", imageTag="main"
    ),
    "Read other runs' logs": attempt(
        "logs:FilterLogEvents", logGroupName="$FlowLogGroupName"
    ),
    "Delete its traces": attempt(
        "logs:DeleteLogGroup", logGroupName="$FlowLogGroupName"
    ),
    "Write another run's log": attempt(
        "logs:PutLogEvents", logGroupName="$FlowLogGroupName", logStreamName="theirs"
    ),
    "Forge a task's event": attempt("sqs:SendMessage", QueueUrl="$EventsQueueUrl"),
    "Raise false alarms": attempt("sns:Publish", TopicArn="$AlarmTopicArn"),
    "Switch an alarm to good": attempt(
        "cloudwatch:SetAlarmState", AlarmName="rights-a", StateValue="OK"
    ),
    "Put another's metrics": attempt("cloudwatch:PutMetricData", Namespace="AWS/ECS"),
    "See what the stack's parameters say": attempt(
        "cloudformation:DescribeStacks", StackName="rights"
    ),
    "Log in to the warehouse without its password": attempt(
        "redshift:GetClusterCredentials", ClusterIdentifier="warehouse", DbUser="admin"
    ),
}
