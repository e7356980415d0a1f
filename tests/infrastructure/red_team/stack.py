"""Attempts with CloudFormation's role: somebody has written a template for the platform."""

from __future__ import annotations

from tests.infrastructure.red_team import (
    ACCOUNT,
    ADMINISTRATOR,
    EVERYBODY,
    MACHINE,
    OPEN,
    REGION,
    SERVER,
    THEIRS,
    Attempt,
    arn,
    attempt,
    secret,
)

TERMINATE = f"arn:aws:automate:{REGION}:ec2:terminate"
PUBLIC = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-0123456789abcdef0"],
        "assignPublicIp": "ENABLED",
    }
}
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:theirs"


def alarm(name: str = "rights-Theirs-1", **actions: str) -> Attempt:
    """Return an attempt to make an alarm that does something."""
    given = {key: [action] for key, action in actions.items()}
    return attempt("cloudwatch:PutMetricAlarm", AlarmName=name, **given)


def rule(**names: str) -> Attempt:
    """Return an attempt to make a rule of the platform."""
    return attempt("events:PutRule", Name="rights-Theirs-1", **names)


def send(queue: str) -> Attempt:
    """Return an attempt to send a rule's events to a queue."""
    target = {"Id": "theirs", "Arn": queue}
    return attempt("events:PutTargets", Rule="rights-Theirs-1", Targets=[target])


ATTEMPTS = {
    # the network and machines
    "Open the runs' own group to the world": attempt(
        "ec2:AuthorizeSecurityGroupIngress",
        GroupId="$TaskSecurityGroupId",
        IpPermissions=[OPEN],
    ),
    "Make a group in another network": attempt(
        "ec2:CreateSecurityGroup", VpcId="vpc-0123456789abcdef0"
    ),
    "Start a machine as the server": attempt(
        "ec2:RunInstances", IamInstanceProfile={"Name": "rights-server-Profile-1a2b"}
    ),
    "Change what a machine starts with": attempt(
        "ec2:ModifyInstanceAttribute", InstanceId=MACHINE, UserData={"Value": b"x"}
    ),
    "Terminate the server": attempt(
        "ec2:TerminateInstances", InstanceIds=["$InstanceId"]
    ),
    "Send the runs' traffic elsewhere": attempt(
        "ec2:ReplaceRoute",
        RouteTableId="$PrivateRouteTableId",
        DestinationCidrBlock="0.0.0.0/0",
    ),
    "Connect the network to another account's": attempt(
        "ec2:CreateVpcPeeringConnection", VpcId="$VpcId", PeerOwnerId=THEIRS
    ),
    "Give back the outbound address": attempt(
        "ec2:ReleaseAddress", AllocationId="$OutboundAllocationId"
    ),
    "Name a machine like the server, so that GitHub may reach it": attempt(
        "ec2:CreateTags",
        Resources=[MACHINE],
        Tags=[{"Key": "Name", "Value": "rights-server"}],
    ),
    # other stacks, clusters, queues, rules, alarms and logs
    "Change the network's stack from within": attempt(
        "cloudformation:UpdateStack", StackName="rights-foundation"
    ),
    "Make a stack in the stack": attempt(
        "cloudformation:CreateStack", StackName="rights-Nested-1"
    ),
    "Stop the Prefect server": attempt(
        "ecs:UpdateService", cluster=SERVER, service="rights-server-Service-1a2b"
    ),
    "Delete the Prefect server's cluster": attempt("ecs:DeleteCluster", cluster=SERVER),
    "Start a service in somebody's cluster": attempt(
        "ecs:CreateService", cluster="theirs", serviceName="rights-worker"
    ),
    "Replace the Prefect server's definition": attempt(
        "ecs:RegisterTaskDefinition", family="rights-server-Task-1a2b"
    ),
    "Run a task without the worker": attempt(
        "ecs:RunTask", cluster="$ClusterArn", taskDefinition="rights-worker:1"
    ),
    "Make the platform's cluster in another region": attempt(
        "ecs:CreateCluster", clusterName="rights-Cluster-1", region="us-east-1"
    ),
    "Scale somebody's table": attempt(
        "application-autoscaling:RegisterScalableTarget",
        ServiceNamespace="dynamodb",
        ResourceId="table/theirs",
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
    ),
    "Change somebody's queue": attempt(
        "sqs:SetQueueAttributes", QueueUrl=f"https://sqs/{'1' * 12}/theirs"
    ),
    "Delete the queue of lost mails": attempt(
        "sqs:DeleteQueue", QueueUrl=f"https://sqs/{'1' * 12}/rights-foundation-Lost-1"
    ),
    "Take what is in the queue of events": attempt(
        "sqs:ReceiveMessage", QueueUrl="$EventsQueueUrl"
    ),
    "Disable a rule of the account's guards": attempt(
        "events:DisableRule", Name="guardduty-findings"
    ),
    "Delete a rule of the Prefect server": attempt(
        "events:DeleteRule", Name="rights-server-Rule-1a2b"
    ),
    "Let another account put events": attempt(
        "events:PutPermission", StatementId="theirs", Principal=THEIRS
    ),
    "Delete the network's alarms": attempt(
        "cloudwatch:DeleteAlarms", AlarmNames=["rights-foundation-NatMissing-1a2b"]
    ),
    "Silence somebody's alarm": attempt(
        "cloudwatch:DisableAlarmActions", AlarmNames=["theirs"]
    ),
    "Send all metrics elsewhere": attempt(
        "cloudwatch:PutMetricStream", Name="rights-stream", RoleArn="$WorkerRoleArn"
    ),
    "Delete the trail's log": attempt(
        "logs:DeleteLogGroup", logGroupName="/aws/cloudtrail"
    ),
    "Delete the Prefect server's log": attempt(
        "logs:DeleteLogGroup", logGroupName="/rights-server/server"
    ),
    "Send the runs' logs to another account": attempt(
        "logs:PutSubscriptionFilter",
        logGroupName="$FlowLogGroupName",
        destinationArn=f"arn:aws:logs:eu-central-1:{THEIRS}:destination:theirs",
    ),
    "Send the alarms elsewhere": attempt(
        "sns:Subscribe", TopicArn="$AlarmTopicArn", Endpoint="theirs@example.org"
    ),
    "Keep the alarms from all": attempt("sns:DeleteTopic", TopicArn="$AlarmTopicArn"),
    "Raise the budget": attempt("budgets:UpdateBudget", BudgetName="rights-budget"),
    # what alarms and rules may do, found when the policies were read
    "Terminate machines by an alarm": alarm(AlarmActions=TERMINATE),
    "Terminate machines by an alarm that is over": alarm(OKActions=TERMINATE),
    "Terminate machines by an alarm without data": alarm(
        InsufficientDataActions=TERMINATE
    ),
    "Terminate machines by an alarm like the autoscaling's": alarm(
        "TargetTracking-service/rights-Cluster-1", AlarmActions=TERMINATE
    ),
    "Give the worker a public address": attempt(
        "ecs:UpdateService",
        cluster="$ClusterArn",
        service="rights-worker",
        networkConfiguration=PUBLIC,
    ),
    "Shrink another group of machines by an alarm": alarm(
        AlarmActions=f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:scalingPolicy:1a2b"
        ":autoScalingGroupName/theirs:policyName/in"
    ),
    "Call a function by an alarm": alarm(AlarmActions=arn("lambda", "function:theirs")),
    "Tell another account of an alarm": alarm(
        AlarmActions=f"arn:aws:sns:{REGION}:{THEIRS}:theirs"
    ),
    "Change an alarm of the Prefect server's autoscaling": alarm(
        "TargetTracking-service/rights-server-Cluster-1a2b"
    ),
    "Listen to everybody's logins": rule(EventPattern='{"source": ["aws.signin"]}'),
    "Listen to ECS and the logins": rule(
        EventPattern='{"source": ["aws.ecs", "aws.signin"]}'
    ),
    "Listen to all events of the account": rule(
        EventPattern=f'{{"account": ["{ACCOUNT}"]}}'
    ),
    "Start something every minute": rule(ScheduleExpression="rate(1 minute)"),
    "Send events to somebody's queue": send(QUEUE),
    "Send events to another account's queue": send(QUEUE.replace(ACCOUNT, THEIRS)),
    "Send events to the queue of another region": send(
        arn("sqs", "rights-TaskEvents-1", "us-east-1")
    ),
    # data
    "Read a secret by a dynamic reference": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("dlt/sources/hubspot")
    ),
    "Read Prefect's secret by a dynamic reference": attempt(
        "secretsmanager:GetSecretValue", SecretId=secret("prefect/api-key")
    ),
    "Read an encrypted parameter by a dynamic reference": attempt(
        "ssm:GetParameters", Names=["/theirs/password"]
    ),
    "Use a key": attempt("kms:Decrypt", KeyId="$KeyArn"),
    "Give another role a key": attempt(
        "kms:CreateGrant", KeyId="$KeyArn", GranteePrincipal=ADMINISTRATOR
    ),
    "Read the lake": attempt("s3:GetObject", Bucket="$BucketName", Key="rates/1"),
    "Share the images with another account": attempt(
        "ecr:SetRepositoryPolicy",
        repositoryName="$RepositoryName",
        policyText=EVERYBODY,
    ),
    "Delete the images": attempt(
        "ecr:DeleteRepository", repositoryName="$RepositoryName"
    ),
    "Run a command on every machine": attempt(
        "ssm:CreateAssociation", Name="AWS-RunShellScript"
    ),
    "Set the database's password": attempt(
        "rds:ModifyDBInstance", DBInstanceIdentifier="rights-server-database"
    ),
    "Send the server's name elsewhere": attempt(
        "route53:ChangeResourceRecordSets", HostedZoneId="Z0123456789"
    ),
    "Call somebody's function as a custom resource": attempt(
        "lambda:Invoke", FunctionName=arn("lambda", "function:theirs")
    ),
}
