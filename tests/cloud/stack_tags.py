"""Tags of a stack's resources, put by a call of their own after the resource is made."""

from __future__ import annotations

from typing import Any, Callable

from tests.cloud.account import arn
from tests.cloud.api import Api
from tests.cloud.schemas import system_tags, taggable
from tests.cloud.stack_types import Made, Properties

Tags = list[dict[str, Any]]


def _named(tags: Tags) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in tags}


def _ec2(api: Api, made: Made, tags: Tags) -> None:
    resource = made.attributes.get("AllocationId", made.id)
    api.call("ec2", "CreateTags", Resources=[resource], Tags=tags)


def _of_ecs(key: str) -> Callable[[Api, Made, Tags], None]:
    def tag(api: Api, made: Made, tags: Tags) -> None:
        api.call("ecs", "TagResource", resourceArn=made.attributes[key], tags=tags)

    return tag


def _group(api: Api, made: Made, tags: Tags) -> None:
    place = {"ResourceId": made.id, "ResourceType": "auto-scaling-group"}
    given = [{"PropagateAtLaunch": False} | each | place for each in tags]
    api.call("autoscaling", "CreateOrUpdateTags", Tags=given)


def _alarm(api: Api, made: Made, tags: Tags) -> None:
    named = made.attributes["Arn"]
    api.call("cloudwatch", "TagResource", ResourceARN=named, Tags=tags)


def _log_group(api: Api, made: Made, tags: Tags) -> None:
    named = made.attributes["Arn"].removesuffix(":*")
    api.call("logs", "TagResource", resourceArn=named, tags=_named(tags))


def _rule(api: Api, made: Made, tags: Tags) -> None:
    api.call("events", "TagResource", ResourceARN=made.attributes["Arn"], Tags=tags)


def _queue(api: Api, made: Made, tags: Tags) -> None:
    api.call("sqs", "TagQueue", QueueUrl=made.id, Tags=_named(tags))


def _topic(api: Api, made: Made, tags: Tags) -> None:
    api.call("sns", "TagResource", ResourceArn=made.id, Tags=tags)


def _repository(api: Api, made: Made, tags: Tags) -> None:
    named = made.attributes["Arn"]
    api.call("ecr", "TagResource", resourceArn=named, tags=tags)


def _bucket(api: Api, made: Made, tags: Tags) -> None:
    api.call("s3", "PutBucketTagging", Bucket=made.id, Tagging={"TagSet": tags})


def _role(api: Api, made: Made, tags: Tags) -> None:
    api.call("iam", "TagRole", RoleName=made.id, Tags=tags)


def _provider(api: Api, made: Made, tags: Tags) -> None:
    named = {"OpenIDConnectProviderArn": made.id}
    api.call("iam", "TagOpenIDConnectProvider", **named, Tags=tags)


def _target(api: Api, made: Made, tags: Tags) -> None:
    """Tag a scalable target, whose tags moto does not have: IAM only judges it."""
    named = arn("application-autoscaling", "scalable-target/1a2b3c")
    given = {"ResourceARN": named, "Tags": _named(tags)}
    api.ask("application-autoscaling", "TagResource", given)


def _budget(api: Api, made: Made, tags: Tags) -> None:
    """Tag a budget, whose tags moto does not have: IAM only judges it."""
    named = {"ResourceARN": arn("budgets", f"budget/{made.id}")}
    api.ask("budgets", "TagResource", named | {"ResourceTags": tags})


EC2 = (
    *("EIP", "Instance", "InternetGateway", "NatGateway", "NetworkInterface"),
    *("RouteTable", "SecurityGroup", "Subnet", "VPC", "VPCEndpoint", "Volume"),
)
TAGGING: dict[str, Callable[[Api, Made, Tags], None]] = {
    **{f"AWS::EC2::{name}": _ec2 for name in EC2},
    "AWS::ApplicationAutoScaling::ScalableTarget": _target,
    "AWS::AutoScaling::AutoScalingGroup": _group,
    "AWS::Budgets::Budget": _budget,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::ECR::Repository": _repository,
    "AWS::ECS::Cluster": _of_ecs("Arn"),
    "AWS::ECS::Service": _of_ecs("ServiceArn"),
    "AWS::ECS::TaskDefinition": _of_ecs("TaskDefinitionArn"),
    "AWS::Events::Rule": _rule,
    "AWS::IAM::OIDCProvider": _provider,
    "AWS::IAM::Role": _role,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
}


def without_tags(kind: str, properties: Properties) -> Properties:
    """Return the properties with which a resource is made, before it is tagged."""
    if kind not in TAGGING:
        return properties
    return {key: value for key, value in properties.items() if key != "Tags"}


def tag(api: Api, kind: str, made: Made, properties: Properties) -> None:
    """Tag a resource, with its own tags and the stack's.

    Where CloudFormation gives no tags of its own, or moto does not take them, a stack's tags
    stand for them: they reach each resource that can have tags.
    """
    if kind not in TAGGING:
        assert not taggable(kind), f"By which call is {kind} tagged?"
        return
    of_stack = api.system_tags
    if not system_tags(kind) or kind == "AWS::S3::Bucket":
        of_stack = [{"Key": "stack", "Value": each["Value"]} for each in of_stack]
    TAGGING[kind](api, made, of_stack + properties.get("Tags", []))
