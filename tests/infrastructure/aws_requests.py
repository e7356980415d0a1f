"""Requests for IAM's actions, derived from botocore's models: which operation, on which resource.

The inverse of `tests/cloud/needs.py`, which reads from a request what it needs. What a
request has to have and does not name a resource is filled with anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from tests.fakes.aws import REGION

# Actions that are named otherwise than the operation which needs them.
OPERATIONS = {
    "s3:GetObjectVersion": "GetObject",
    "s3:ListBucket": "ListObjectsV2",
    "s3:ListBucketMultipartUploads": "ListMultipartUploads",
    "s3:ListMultipartUploadParts": "ListParts",
}
# Actions that no operation has the name of: whose operation needs them too, and the
# parameter that names their resource.
CARRIERS = {
    "iam:PassRole to ecs-tasks.amazonaws.com": (
        *("ecs:RegisterTaskDefinition", "taskRoleArn"),
    ),
    "iam:PassRole to events.amazonaws.com": ("events:PutTargets", "RoleArn"),
    "ecs:TagResource by RunTask": ("ecs:RunTask", "tags"),
}
LOADER = Loader(include_default_search_paths=True)
# How many names make one of ECS's resources.
PIECES = {"service": 2, "service-deployment": 3, "task": 2}
FILLERS = {"blob": b"x", "boolean": True, "map": {}, "timestamp": "2026-01-01"}


@dataclass(frozen=True)
class Request:
    """A call of botocore's."""

    service: str
    operation: str
    parameters: dict[str, Any]
    region: str = REGION


def request_for(action: str, names: dict[str, Any]) -> Request:
    """Return a request that needs an action, with values of parameters at any depth.

    A region among the values is the request's.
    """
    service, _, name = action.partition(":")
    operation = model(service).operation_model(OPERATIONS.get(action, name))
    shape = operation.input_shape
    given = filled(shape, names) if shape else {}
    if action == "s3:GetObjectVersion":
        given["VersionId"] = "1"
    region = names.get("region", REGION)
    return Request(service, operation.name, given, region)


@cache
def model(service: str) -> ServiceModel:
    """Return botocore's description of a service."""
    return ServiceModel(LOADER.load_service_model(service, "service-2"), service)


def filled(shape: Shape, names: dict[str, Any]) -> Any:
    """Return values for what a shape requires, and for given names."""
    if isinstance(shape, StructureShape):
        wanted = {*shape.required_members, *(names.keys() & shape.members.keys())}
        return {
            name: (
                _fitting(shape.members[name], names[name])
                if name in names
                else filled(shape.members[name], names)
            )
            for name in wanted
        }
    if isinstance(shape, ListShape):
        return [filled(shape.member, names)]
    if shape.type_name == "string":
        return (shape.enum or ["x" * max(1, shape.metadata.get("min", 1))])[0]
    return FILLERS.get(shape.type_name, max(1, shape.metadata.get("min", 1)))


def _fitting(shape: Shape, value: Any) -> Any:
    return [value] if isinstance(shape, ListShape) and isinstance(value, str) else value


def names_of(arn: str) -> dict[str, Any]:
    """Return the parameters that name a resource, in any operation."""
    service, rest = arn.split(":", 5)[2::3]
    kind, path = _parts(rest)
    name = path.rpartition("/")[2]
    bucket, _, key = rest.partition("/")
    first = path.partition("/")[0]
    group = path.partition(":")[0]
    of_service: dict[str, dict[str, Any]] = {
        "cloudformation": {"StackName": first},
        "cloudwatch": {"AlarmName": path, "AlarmNames": path},
        "ecr": {"repositoryName": path, "repositoryNames": path},
        "events": {"Rule": name, "Name": name},
        "iam": {"RoleName": name, "RoleArn": arn, "Path": f"/{path}"[: -len(name)]},
        "logs": {"logGroupName": group, "logGroupIdentifier": group},
        "s3": {"Bucket": bucket, "Key": key},
        "secretsmanager": {"SecretId": arn},
        "sns": {"TopicArn": arn, "Name": rest},
        "sqs": {"QueueUrl": f"https://sqs/{rest}", "QueueName": rest},
        "ssm": {
            "document": {"DocumentName": name},
            "parameter": {"Name": f"/{path}", "Names": f"/{path}"},
            "session": {"SessionId": name},
        }.get(kind.rstrip("/"), {}),
        "ecs": {
            "cluster": {"cluster": first, "clusters": first, "clusterName": first},
            "service": {
                "cluster": first,
                "service": name,
                "serviceName": name,
                "services": name,
            },
            "service-deployment": {
                "serviceDeploymentArn": arn,
                "serviceDeploymentArns": arn,
            },
            "task": {
                "cluster": first,
                "task": name,
                "tasks": name,
                "Target": f"ecs:{first}_{name}_{name}-1",
            },
            "task-definition": {"taskDefinition": group, "family": group},
        }.get(kind.rstrip("/:"), {}),
    }
    tagged = {name: arn for name in ("resourceArn", "ResourceArn", "ResourceARN")}
    named = of_service.get(service, {}) | tagged
    return {name: value for name, value in named.items() if value}


def _parts(rest: str) -> tuple[str, str]:
    """Split an ARN's end into the kind of resource with its separator, and the name."""
    found = re.fullmatch(r"((?:[a-z-]+[/:])?)(.+)", rest)
    assert found, rest
    return found[1], found[2]


def one_of(action: str) -> str:
    """Return the first of the actions that a pattern such as `ec2:Describe*` matches."""
    service, _, pattern = action.partition(":")
    if "*" not in pattern:
        return action
    names = sorted(model(service).operation_names)
    return f"{service}:{next(each for each in names if fnmatchcase(each, pattern))}"


def inside(pattern: str) -> str:
    """Return the ARN of a resource that a pattern matches."""
    found = pattern.replace("*", "inside")
    kind = found.split(":", 5)[5].partition("/")[0]
    missing = PIECES.get(kind, 0) - found.count("/")
    return found + "/inside" * missing


def beside(arn: str) -> str:
    """Return the ARN of a resource of the same kind outside of the stacks."""
    *head, rest = arn.split(":", 5)
    kind, name = _parts(rest) if head[2] not in ("s3", "sns", "sqs") else ("", rest)
    return ":".join([*head, kind + re.sub("[^/:]+", "beside", name)])
