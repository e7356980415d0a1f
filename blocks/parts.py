"""Work pools and blocks of each part: of developers, and of production."""

from __future__ import annotations

from typing import Iterator, Literal

from blocks.alert_blocks import pagerduty, slack
from blocks.alerts import automations
from blocks.aws_blocks import aws_credentials, data_lake
from blocks.ecs_pool import production_pool
from blocks.managed_object import ManagedObject, SkippedObject
from blocks.snowflake_block import snowflake_analytics
from blocks.work_pools import dev_pool
from utils.aws.client import NoAws
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

Part = Literal["dev", "production"]


def managed_objects(part: Part, stack_name: str) -> list[ManagedObject | SkippedObject]:
    """Return the objects of a part. A block follows those it refers to.

    Args:
        part: Part of developers or of production. Each has a server of its own.
        stack_name: Name of production's CloudFormation stack.

    Raises:
        ClearError: The stack or a secret cannot be read from AWS.
    """
    if part == "dev":
        return [dev_pool()]
    try:
        return _production_objects(StackOutputs.named(stack_name))
    except NoAws as error:
        raise ClearError(
            f"{error} `python -m blocks apply dev` needs no AWS."
        ) from error


def _production_objects(stack: StackOutputs) -> list[ManagedObject | SkippedObject]:
    return [
        production_pool(stack, stack.foundation()),
        aws_credentials(stack),
        data_lake(stack),
        snowflake_analytics(stack),
        *_alerts(),
    ]


def _alerts() -> Iterator[ManagedObject | SkippedObject]:
    places = slack(), pagerduty()
    yield from places
    yield from automations(*places)
