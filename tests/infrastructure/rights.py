"""The rights matrix: each action of each policy, to be allowed once and denied once beside it.

The cells come from the templates, so that a new action is a new cell; what they stand for
comes from the policies of the stacks, with names and ARNs as they are there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Iterator

from tests.fakes.aws import REGION
from tests.infrastructure.aws_requests import (
    CARRIERS,
    Request,
    beside,
    inside,
    names_of,
    one_of,
    request_for,
)
from tests.infrastructure.templates import EVERY_TEMPLATE, listed, of_type, rights

ALLOWED = "allowed"
ELSEWHERE = "denied on another resource"
OTHERWISE = "denied without its condition"
TO_ANOTHER = "denied to another role"
# Each role's template, and that of the boundary, which limits roles.
ROLES = {
    name: path
    for path in EVERY_TEMPLATE
    for kind in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    for name in of_type(path, kind)
}
# A role in the stack's path that no boundary limits.
UNBOUNDED = "unbounded"
PASSED_TO, CREATED_BY = "iam:PassedToService", "ecs:CreateAction"
# AWS says which role, or which target, it is, and no caller.
NAMED_BY_AWS = ("iam:CreateServiceLinkedRole", "application-autoscaling:")
# Only Systems Manager's agent and plugin make these calls, which botocore does not know.
OF_THE_AGENT = ("ssm:UpdateInstanceInformation", "ssmmessages:")
# AWS's services make this one for a role, and a test of its own asks for it.
NOT_ASKED = (*OF_THE_AGENT, "kms:Decrypt")
# Documents of Session Manager.
PORT_FORWARDING = "AWS-StartPortForwardingSession"
SHELL = "SSM-SessionManagerRunShell"
# A change set that takes a resource of somebody else into the stack.
IMPORT = {
    "ChangeSetType": "IMPORT",
    "ResourcesToImport": [
        {
            "ResourceType": "AWS::S3::Bucket",
            "LogicalResourceId": "Theirs",
            "ResourceIdentifier": {"BucketName": "theirs"},
        }
    ],
}
# What an alarm can do to a machine of the account.
TERMINATE = f"arn:aws:automate:{REGION}:ec2:terminate"
TAGGABLE = {"cluster", "service", "task", "task-definition"}


@dataclass(frozen=True)
class Right:
    """Right to one action on one resource, as a policy allows it."""

    action: str
    pattern: str
    conditions: dict[str, str]
    """A value that each key may have."""


@dataclass(frozen=True)
class Cell:
    """A principal that executes the action of a right."""

    role: str
    number: int
    """Of the role's rights, in the order of its policies."""
    action: str
    how: str
    who: str

    def __str__(self) -> str:
        another = "" if self.who == self.role else f", {self.who}"
        return f"{self.role} {self.action} {self.how}{another}"


def cells() -> Iterator[Cell]:
    """Return the matrix of all cells."""
    for role, path in ROLES.items():
        for number, (action, pattern, condition) in enumerate(rights(path, role)):
            if action.startswith(NOT_ASKED) or not knows(action, pattern):
                continue
            action = one_of(action)
            keys = {key for each in (condition or {}).values() for key in each}
            narrow = pattern != "*" and not action.startswith(NAMED_BY_AWS)
            # then another resource is one without the tag
            narrow = narrow and not any(of_a_tag(key) for key in keys)
            yield Cell(role, number, action, ALLOWED, role)
            if narrow and CREATED_BY not in keys:
                yield Cell(role, number, action, ELSEWHERE, role)
            # to whom a role is passed is the operation's choice, not the caller's
            if keys - {PASSED_TO}:
                yield Cell(role, number, action, OTHERWISE, role)
            elif not narrow:
                yield Cell(role, number, action, TO_ANOTHER, _without(action))


def _without(action: str) -> str:
    """Return a role that does not have an action at all."""
    return next(
        role
        for role in reversed(ROLES)
        if not any(
            fnmatchcase(action, each) for each, _, _ in rights(ROLES[role], role)
        )
    )


def knows(action: str, pattern: str) -> bool:
    """Return whether an action applies to such resources. ECS mixes kinds in a statement."""
    service, _, name = action.partition(":")
    found = re.search(r":([a-z-]+)/", pattern)
    if service != "ecs" or not found:
        return True
    if "Resource" in name:
        return found[1] in TAGGABLE
    other = {"RunTask": "task-definition", "ListServiceDeployments": "service"}
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    kinds = sorted({*TAGGABLE, "service-deployment"}, key=len, reverse=True)
    return found[1] == (other.get(name) or next((k for k in kinds if k in words), ""))


def of_a_tag(key: str) -> bool:
    """Return whether a condition is on a tag of the resource."""
    return ":resourcetag/" in key.lower()


def rights_in(documents: list[dict[str, Any]]) -> list[Right]:
    """Return what policies of a stack allow, in the order of the template's."""
    return [
        Right(
            one_of(action),
            resource,
            {
                key: listed(values)[0]
                for keys in statement.get("Condition", {}).values()
                for key, values in keys.items()
            },
        )
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def request_of(
    right: Right, how: str, rights: list[Right], tagged: tuple[dict[str, str], ...]
) -> Request:
    """Return the request that uses a right.

    Args:
        right: Right to use.
        how: Way in which the request uses it.
        rights: All rights of the role.
        tagged: Names of resources with the tags that rights require, and of others.
    """
    if carried := _carried(right, how, rights):
        return carried
    names = {} if right.pattern == "*" else names_of(inside(right.pattern))
    if how == ELSEWHERE:
        names = names_of(beside(inside(right.pattern)))
    # A session needs two rights, to its machine and to its document.
    if right.action == "ssm:StartSession":
        names = {"DocumentName": PORT_FORWARDING} | tagged[0] | names
    for key, value in right.conditions.items():
        names |= _condition(key, value, how != OTHERWISE, tagged)
    return request_for(right.action, names)


def _condition(
    key: str, value: str, met: bool, tagged: tuple[dict[str, str], ...]
) -> dict[str, Any]:
    """Return the parameters that meet a condition, or do not."""
    match key:
        case "aws:RequestedRegion":
            return {"region": value if met else "eu-west-1"}
        case _ if of_a_tag(key):
            return tagged[0] if met else tagged[1]
        case "ssm:SessionDocumentAccessCheck":
            return {} if met else {"DocumentName": SHELL}
        case "aws:ResourceAccount":
            return {} if met else {"Bucket": "rights-lake-210987654321"}
        case "cloudformation:ImportResourceTypes":
            return {} if met else IMPORT
        case "application-autoscaling:service-namespace":
            return {"ServiceNamespace": value if met else "dynamodb"}
        case "application-autoscaling:scalable-dimension":
            other = "dynamodb:table:ReadCapacityUnits"
            return {"ScalableDimension": value if met else other}
        case "cloudwatch:AlarmActions":
            return {"AlarmActions": inside(value) if met else TERMINATE}
        case "events:source":
            source = json.dumps({"source": [value if met else "aws.signin"]})
            return {"EventPattern": source}
        case "events:TargetArn":
            return {"Arn": inside(value) if met else beside(inside(value))}
        case "cloudwatch:namespace":
            return {"Namespace": value if met else "beside"}
        case "ecs:cluster":
            return {"cluster": value if met else "beside"}
        case "ecs:CreateAction":
            return {}  # No other action makes this call.
        case "iam:AWSServiceName":
            return {"AWSServiceName": value if met else "beside.amazonaws.com"}
        case "iam:PermissionsBoundary" if met:
            return {"PermissionsBoundary": value}
        case "iam:PermissionsBoundary":
            another = value.replace(":policy/", ":policy/beside-")
            return {"PermissionsBoundary": another, "RoleName": UNBOUNDED}
    raise NotImplementedError(f"How is a condition on {key} met, and how not?")


def _carried(right: Right, how: str, rights: list[Right]) -> Request | None:
    """Return another request that needs this right, if the right has no request itself."""
    name = right.action
    if service := right.conditions.get(PASSED_TO):
        name += f" to {service}"
    elif right.conditions.get(CREATED_BY) and how == ALLOWED:
        name += f" by {right.conditions[CREATED_BY]}"
    if name not in CARRIERS:
        return None
    action, parameter = CARRIERS[name]
    carrier = next(
        each for each in rights if each.action == action and knows(action, each.pattern)
    )
    resource = inside(right.pattern)
    names = names_of(inside(carrier.pattern))
    for key, value in carrier.conditions.items():
        names |= _condition(key, value, True, ())
    if parameter == "tags":
        names["tags"] = [{"key": "a", "value": "b"}]
    else:
        names[parameter] = beside(resource) if how == ELSEWHERE else resource
    return request_for(action, names)
