"""Rights to tag what a call creates, which AWS asks for beside the right to create it."""

from __future__ import annotations

from typing import Any, Iterator

from tests.cloud.account import arn
from tests.cloud.policies import Context
from tests.cloud.resource_needs import ecs_created

# Actions of services whose calls take tags with what they create. IAM's has its kind.
TAG_ACTIONS = {
    "application-autoscaling": "TagResource",
    "cloudwatch": "TagResource",
    "ecr": "TagResource",
    "events": "TagResource",
    "iam": "Tag",
    "logs": "TagResource",
    "secretsmanager": "TagResource",
    "sns": "TagResource",
    "sqs": "TagQueue",
}
CREATING = ("Create", "Put", "Register")


def tag_needs(
    service: str, operation: str, p: dict[str, Any], resources: list[str]
) -> Iterator[tuple[str, str, Context]]:
    """Yield actions that tag, their resource, and values for their conditions.

    Args:
        service: Service of the call.
        operation: Operation of the call.
        p: Parameters of the call.
        resources: ARNs of what the call creates.
    """
    for tagged in p.get("TagSpecifications") or []:
        kind = arn("ec2", f"{tagged['ResourceType']}/*")
        yield "ec2:CreateTags", kind, {"ec2:CreateAction": operation}
    if not (p.get("tags") or p.get("Tags")):
        return
    if service == "ecs" and operation != "TagResource":
        made = ecs_created(operation, p)
        yield "ecs:TagResource", made, {"ecs:CreateAction": operation}
    if service in TAG_ACTIONS and operation.startswith(CREATING):
        kind = operation.removeprefix("Create") if service == "iam" else ""
        for resource in resources:
            yield f"{service}:{TAG_ACTIONS[service]}{kind}", resource, {}
