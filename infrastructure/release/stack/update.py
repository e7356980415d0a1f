"""Changes the platform's stack by a change set, and waits until it is done or taken back."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from itertools import takewhile
from typing import Any, Iterable, Iterator
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from infrastructure.release.stack import (
    IMAGE_PARAMETER,
    PlatformStack,
    StackChange,
    parameters_of,
)
from utils.aws.client import asking_aws, aws_client
from utils.errors import ClearError, sentence

SECONDS_BETWEEN_LOOKS = 5
# A worker that does not become healthy is given up by ECS, and CloudFormation then takes
# everything back: most of an hour.
LOOKS = 3600 // SECONDS_BETWEEN_LOOKS
# of a condition that nothing uses, for example
NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
RIGHTS = "to execute change sets of the stack and to describe it"


ChangeSet = dict[str, str]
"""What names it."""


def prepare_update(stack: PlatformStack, change: StackChange) -> ChangeSet | None:
    """Make a change set, in which parameters that are none of a release keep their values.

    Returns:
        None, if CloudFormation finds nothing to change.

    Raises:
        ClearError: CloudFormation refuses it.
    """
    if stack.status.endswith("_IN_PROGRESS"):
        raise ClearError(
            f"The stack {stack.name} is {stack.status}: somebody changes it. It was left as"
            " it was. Run this again when that has ended."
        )
    with _asking(stack):
        return _create_change_set(aws_client("cloudformation"), stack, change)


def execute_update(stack: PlatformStack, change_set: ChangeSet) -> None:
    """Change the stack, and wait.

    Raises:
        ClearError: CloudFormation took it back.
    """
    client = aws_client("cloudformation")
    with _asking(stack):
        latest = next(_events(client, stack.name))["EventId"]
        client.execute_change_set(**change_set)
    try:
        _wait(client, "stack_update_complete", StackName=stack.name)
    except BotoCoreError as error:  # a WaiterError is one, and a lost connection
        since = takewhile(
            lambda event: event["EventId"] != latest, _events(client, stack.name)
        )
        with suppress(BotoCoreError, ClientError):  # the waiter's own trouble, then
            if reasons := " ".join(dict.fromkeys(_failures(since))):
                raise ClearError(
                    f"CloudFormation could not change {stack.name}, and takes back what it"
                    f" has changed: {reasons}"
                ) from error
        raise ClearError(
            f"Whether CloudFormation has changed {stack.name} is not known:"
            f" {sentence(error)} Look at the stack's events, then run this again."
        ) from error


def _asking(stack: PlatformStack) -> AbstractContextManager[None]:
    busy = f"The stack {stack.name} is being changed by somebody else. Run this again later."
    return asking_aws(f"the change of {stack.name}", RIGHTS, busy)


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
            # Its role is the one that it was made with.
            Capabilities=["CAPABILITY_IAM"],
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
        f"CloudFormation refuses the change of {stack.name}, which is {stack.status}, and"
        f" left it as it was: {sentence(reason)}"
    )


def _parameters(stack: PlatformStack, change: StackChange) -> Iterator[dict[str, Any]]:
    for name in parameters_of(change.template):
        if name == IMAGE_PARAMETER:
            yield {"ParameterKey": name, "ParameterValue": change.image}
        elif name in stack.parameters:
            yield {"ParameterKey": name, "UsePreviousValue": True}


def _wait(client: Any, what: str, **which: str) -> None:
    limits = {"Delay": SECONDS_BETWEEN_LOOKS, "MaxAttempts": LOOKS}
    client.get_waiter(what).wait(**which, WaiterConfig=limits)


def _events(client: Any, stack: str) -> Iterator[dict[str, Any]]:
    """The newest first."""
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack):
        yield from page["StackEvents"]


def _failures(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    for event in events:
        if event["ResourceStatus"].endswith("_FAILED"):
            said = event.get("ResourceStatusReason", event["ResourceStatus"])
            yield f"{event['LogicalResourceId']}: {sentence(said)}"
