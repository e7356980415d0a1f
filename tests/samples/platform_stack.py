"""Small stack with the platform's outputs, for `python -m blocks`."""

from __future__ import annotations

import json

from infrastructure.release.stack.template import read_template
from tests.fakes.aws import REGION, Aws
from tests.repository.tree import ROOT
from utils.aws.stack import TEMPLATE, StackOutputs

NAME = "data-platform"
NETWORK = {
    "VpcId": "vpc-0a1b2c3d4e5f60718",
    "PrivateSubnetIds": "subnet-0aaaaaaaaaaaaaaaa,subnet-0bbbbbbbbbbbbbbbb",
    "TaskSecurityGroupId": "sg-0cccccccccccccccc",
    "OutboundIpAddress": "203.0.113.7",
}
OUTPUTS = {
    "ClusterArn": f"arn:aws:ecs:{REGION}:123456789012:cluster/data-platform",
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "FlowRoleArn": "arn:aws:iam::123456789012:role/data-platform/flows/data-platform-flow",
    "SourceRoles": read_template((ROOT / TEMPLATE).read_text())["Outputs"][
        "SourceRoles"
    ]["Value"],
    "FlowLogGroupName": "/data-platform/flows",
    "CpuArchitecture": "X86_64",
    "WorkPoolName": "production",
    "WarehouseType": "snowflake",
    "LakeBucketUrl": "s3://the-lake",
    "PrefectApiUrl": "https://prefect.example.org/api",
    "PrefectApiSecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:prefect/api-key-AbCdEf",
    "PrefectTaskSecretArn": f"arn:aws:secretsmanager:{REGION}:123456789012:secret:prefect/task-api-key-AbCdEf",
    "PrefectApiSecretVariable": "PREFECT_API_KEY",
    "EcsExec": "false",
}

STACK = StackOutputs(NAME, REGION, "CREATE_COMPLETE", OUTPUTS)
FOUNDATION = StackOutputs(f"{NAME}-foundation", REGION, "CREATE_COMPLETE", NETWORK)


def create_stack(aws: Aws, outputs: dict[str, str] = OUTPUTS, name: str = NAME) -> None:
    """Create a stack that has these outputs, and little else."""
    template = {
        "Resources": {"Anything": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    aws.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps(template)
    )


def create_stacks(aws: Aws, outputs: dict[str, str] = OUTPUTS) -> None:
    """Create the platform's stack with these outputs, and the foundation's."""
    create_stack(aws, outputs)
    create_stack(aws, NETWORK, FOUNDATION.name)


def without(output: str) -> dict[str, str]:
    """Return all outputs except one."""
    return {name: value for name, value in OUTPUTS.items() if name != output}
