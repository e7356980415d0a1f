"""Attempts by the platform's template: what somebody adds to it, or changes in it.

GitHub's role makes a change set of it, as for a release. `$Name` is as in the other modules,
and `$TheirGroup` is a security group of another network.
"""

from __future__ import annotations

import json
from typing import Any

from tests.infrastructure.red_team import (
    ADMINISTRATOR,
    EVERYBODY,
    FULL_ACCESS,
    REGION,
)

Resource = dict[str, Any]
BOUNDARY = (
    "PermissionsBoundary: !Sub"
    " arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${AWS::StackName}-boundary"
)
ANOTHER = f"PermissionsBoundary: {FULL_ACCESS}"


TRUST = json.loads(EVERYBODY)


def resource(kind: str, **properties: Any) -> Resource:
    """Return a resource of a template."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


# What is added, and the action that is refused.
ADDED: dict[str, tuple[Resource, str]] = {
    "Open a database's port to the world": (
        resource(
            "EC2::SecurityGroupIngress",
            GroupId="$TheirGroup",
            IpProtocol="tcp",
            FromPort=5432,
            ToPort=5432,
            CidrIp="0.0.0.0/0",
        ),
        "ec2:AuthorizeSecurityGroupIngress",
    ),
    "Start a large machine": (
        resource("EC2::Instance", InstanceType="p5.48xlarge", ImageId="ami-12345678"),
        "ec2:RunInstances",
    ),
    "Make a user": (resource("IAM::User", UserName="theirs"), "iam:CreateUser"),
    "Make a policy": (
        resource("IAM::ManagedPolicy", PolicyDocument=TRUST),
        "iam:CreatePolicy",
    ),
    "Make a role without the boundary": (
        resource("IAM::Role", Path="/rights/", AssumeRolePolicyDocument=TRUST),
        "iam:CreateRole",
    ),
    "Make a role elsewhere": (
        resource(
            "IAM::Role",
            Path="/",
            PermissionsBoundary="$BoundaryArn",
            AssumeRolePolicyDocument=TRUST,
        ),
        "iam:CreateRole",
    ),
    "Run tasks as an administrator": (
        resource(
            "ECS::TaskDefinition",
            Family="rights-theirs",
            TaskRoleArn=ADMINISTRATOR,
            ContainerDefinitions=[{"Name": "a", "Image": "a"}],
        ),
        "iam:PassRole",
    ),
    "Make a queue of the server's name": (
        resource("SQS::Queue", QueueName="rights-server-theirs"),
        "sqs:CreateQueue",
    ),
    "Make a log group elsewhere": (
        resource("Logs::LogGroup", LogGroupName="/theirs"),
        "logs:CreateLogGroup",
    ),
    "Terminate machines by an alarm": (
        resource(
            "CloudWatch::Alarm",
            Namespace="AWS/EC2",
            MetricName="CPUUtilization",
            AlarmActions=[f"arn:aws:automate:{REGION}:ec2:terminate"],
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
        ),
        "cloudwatch:PutMetricAlarm",
    ),
    "Listen to everybody's logins": (
        resource("Events::Rule", EventPattern={"source": ["aws.signin"]}),
        "events:PutRule",
    ),
    "Show a secret as a parameter": (
        resource(
            "SSM::Parameter",
            Name="/theirs",
            Type="String",
            Value="{{resolve:secretsmanager:dlt/sources/hubspot:SecretString:token}}",
        ),
        "secretsmanager:GetSecretValue",
    ),
}
# What is replaced in the template's text, and the action that is refused.
CHANGED: dict[str, tuple[str, str, str]] = {
    "Remove the boundary": (BOUNDARY, "", "iam:DeleteRolePermissionsBoundary"),
    "Set another boundary": (BOUNDARY, ANOTHER, "iam:PutRolePermissionsBoundary"),
}
