"""Updates the platform's stack by a change set, and waits until it is complete."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from itertools import takewhile
from typing import Any, Collection, Iterable, Iterator
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from infrastructure.release.stack import (
    IMAGE_PARAMETER,
    PlatformStack,
    StackChange,
    template_parameters,
)
from infrastructure.release.stack.change_set import read_changes
from infrastructure.release.stack.resource_changes import ResourceChange, reject_losses
from utils.aws.client import NoAws, asking_aws, aws_client
from utils.errors import ClearError, sentence

POLL_SECONDS = 5
# ECS gives up a worker that does not become healthy, and CloudFormation rolls back: that
# takes most of an hour.
POLLS = 3600 // POLL_SECONDS
# CloudFormation's answer to a change without effect, such as an unused condition.
NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
# Its answer to a change set that was made before another update.
OVERTAKEN = ("InvalidChangeSetStatus", "ChangeSetNotFound")
RIGHTS = (
    "to make, read, execute and delete change sets of the stack, and to describe it"
)


ChangeSet = dict[str, str]
"""The names of a stack and of its change set, as boto3 takes them."""


def foresee_update(stack: PlatformStack, change: StackChange) -> StackChange:
    """Return a change with what CloudFormation would do to each resource.

    A change set is created, read and deleted. If CloudFormation refuses it, the change says
    why: deployments may still be released.

    Raises:
        NoAws: AWS does not answer.
    """
    if not change.differences:
        return change
    try:
        change_set = _created(stack, change)
    except NoAws:
        raise
    except ClearError as error:
        return replace(change, unknown=str(error))
    if not change_set:
        return replace(change, differences=(), resources=())
    try:
        return replace(change, resources=_resources(stack, change_set))
    finally:
        _delete(stack, change_set)


def prepare_update(
    stack: PlatformStack, change: StackChange, allowed: Collection[str] = ()
) -> ChangeSet | None:
    """Create a change set. Parameters other than the image keep their values.

    Args:
        stack: Stack to update.
        change: Change to apply.
        allowed: Logical names of resources that may be lost.

    Returns:
        The change set, or None if CloudFormation finds nothing to change.

    Raises:
        ClearError: The stack is being changed, CloudFormation refuses the change, or a
            resource would be lost that is not named.
    """
    change_set = _created(stack, change)
    if change_set:
        try:
            reject_losses(stack.name, _resources(stack, change_set), allowed)
        except ClearError:
            _delete(stack, change_set)
            raise
    return change_set


def _created(stack: PlatformStack, change: StackChange) -> ChangeSet | None:
    if stack.status.endswith("_IN_PROGRESS"):
        raise ClearError(
            f"The stack {stack.name} is {stack.status}: another update is in progress. It"
            " was left unchanged. Run this again when that update has ended."
        )
    with _asking(stack):
        return _create_change_set(aws_client("cloudformation"), stack, change)


def _resources(
    stack: PlatformStack, change_set: ChangeSet
) -> tuple[ResourceChange, ...]:
    pages = aws_client("cloudformation").get_paginator("describe_change_set")
    with _asking(stack):
        found = pages.paginate(**change_set, IncludePropertyValues=True)
        return read_changes(each for page in found for each in page.get("Changes", []))


def _delete(stack: PlatformStack, change_set: ChangeSet) -> None:
    with _asking(stack):
        aws_client("cloudformation").delete_change_set(**change_set)


def execute_update(stack: PlatformStack, change_set: ChangeSet) -> None:
    """Execute a change set, and wait until the stack is updated.

    Raises:
        ClearError: CloudFormation rolls the update back, or its result is unknown.
    """
    client = aws_client("cloudformation")
    with _asking(stack):
        latest = next(_events(client, stack.name))["EventId"]
        try:
            client.execute_change_set(**change_set)
        except ClientError as error:
            if error.response["Error"]["Code"] not in OVERTAKEN:
                raise
            raise ClearError(
                f"Somebody else has updated the stack {stack.name} since this release read"
                " it. This release left it unchanged. Run this again."
            ) from error
    try:
        _wait(client, "stack_update_complete", StackName=stack.name)
    except BotoCoreError as error:  # A WaiterError or a lost connection.
        since = takewhile(
            lambda event: event["EventId"] != latest, _events(client, stack.name)
        )
        with suppress(BotoCoreError, ClientError):  # Then the waiter's error is told.
            if reasons := " ".join(dict.fromkeys(_failures(since))):
                raise ClearError(
                    f"CloudFormation could not update {stack.name}, and rolls back what it"
                    f" has changed: {reasons}"
                ) from error
        raise ClearError(
            f"It is unknown whether CloudFormation has updated {stack.name}:"
            f" {sentence(error)} Look at the stack's events, then run this again."
        ) from error


def _asking(stack: PlatformStack) -> AbstractContextManager[None]:
    busy = f"Another update of the stack {stack.name} is in progress. Run this again later."
    return asking_aws(f"the update of {stack.name}", RIGHTS, busy)


def _create_change_set(
    client: Any, stack: PlatformStack, change: StackChange
) -> ChangeSet | None:
    change_set = {"StackName": stack.name, "ChangeSetName": f"release-{uuid4().hex}"}
    try:
        client.create_change_set(
            **change_set,
            ChangeSetType="UPDATE",
            TemplateBody=change.template,
            Parameters=list(_parameters(stack, change)),
            # CloudFormation uses the role that created the stack.
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        _wait(client, "change_set_create_complete", **change_set)
    except ClientError as error:
        raise _refused(stack, error.response["Error"]["Message"]) from error
    except WaiterError as error:
        found = client.describe_change_set(**change_set)
        client.delete_change_set(**change_set)
        reason = found.get("StatusReason", error)
        if any(words in str(reason) for words in NO_CHANGE):
            return None
        raise _refused(stack, reason) from error
    return change_set


def _refused(stack: PlatformStack, reason: object) -> ClearError:
    return ClearError(
        f"CloudFormation refuses the update of {stack.name}, which is {stack.status} and"
        f" was left unchanged: {sentence(reason)}"
    )


def _parameters(stack: PlatformStack, change: StackChange) -> Iterator[dict[str, Any]]:
    for name in template_parameters(change.template):
        if name == IMAGE_PARAMETER:
            yield {"ParameterKey": name, "ParameterValue": change.image}
        elif name in stack.parameters:
            yield {"ParameterKey": name, "UsePreviousValue": True}


def _wait(client: Any, waiter: str, **names: str) -> None:
    # A change set takes seconds, an update minutes.
    delay = 1 if waiter.startswith("change_set") else POLL_SECONDS
    limits = {"Delay": delay, "MaxAttempts": POLLS}
    client.get_waiter(waiter).wait(**names, WaiterConfig=limits)


def _events(client: Any, stack: str) -> Iterator[dict[str, Any]]:
    """Yield the stack's events, the newest first."""
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack):
        yield from page["StackEvents"]


def _failures(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the reason of each failed resource."""
    for event in events:
        if event["ResourceStatus"].endswith("_FAILED"):
            reason = event.get("ResourceStatusReason", event["ResourceStatus"])
            yield f"{event['LogicalResourceId']}: {sentence(reason)}"
