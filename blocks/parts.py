"""What there has to be on Prefect's server: for developers, and for production."""

from __future__ import annotations

from typing import Literal

from blocks.alert_blocks import alerts, data_pipelines
from blocks.aws_blocks import aws_credentials, data_lake
from blocks.ecs_pool import production_pool
from blocks.resource import LeftOut, Resource
from blocks.snowflake_block import snowflake_analytics
from blocks.work_pools import dev_pool
from utils.aws.client import NoAws
from utils.aws.stack import Stack
from utils.errors import ClearError

Part = Literal["dev", "production"]


def resources_of(part: Part | None, stack_name: str) -> list[Resource | LeftOut]:
    """Those of one part, or of both. A block follows those that it refers to.

    Raises:
        ClearError: AWS does not tell what production consists of.
    """
    resources: list[Resource | LeftOut] = []
    if part != "production":
        resources.append(dev_pool())
    if part != "dev":
        try:
            resources += _of_production(Stack.named(stack_name))
        except NoAws as error:
            raise ClearError(
                f"{error} `python -m blocks apply dev` does without."
            ) from error
    return resources


def _of_production(stack: Stack) -> list[Resource | LeftOut]:
    return [
        production_pool(stack),
        aws_credentials(stack),
        data_lake(stack),
        snowflake_analytics(stack),
        alerts(),
        data_pipelines(),
    ]
