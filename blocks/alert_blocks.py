"""Blocks that alerts are sent through: a channel in Slack, a service in PagerDuty."""

from __future__ import annotations

from dataclasses import replace

from pydantic import SecretStr

from blocks.block_documents import BlockDocument
from blocks.managed_object import SkippedObject
from utils.aws.client import NotThere
from utils.aws.secret_content import one_value
from utils.aws.secrets import read_secret
from utils.errors import ClearError

SLACK_SECRET = "prefect/slack-webhook-url"
PAGERDUTY_SECRET = "prefect/pagerduty-integration-key"
# `eu` for an account at eu.pagerduty.com.
PAGERDUTY_REGION = "us"


def alerts() -> BlockDocument | SkippedObject:
    """Return the block of the Slack channel that is told of each failure."""
    block = BlockDocument("slack-webhook", "alerts", {})
    try:
        url = one_value(read_secret(SLACK_SECRET), SLACK_SECRET)
    except NotThere as error:
        return block.skipped(f"not configured: {error} to have this block")
    if "://" not in url:
        raise ClearError(
            f"The secret {SLACK_SECRET} is not a URL. Nothing was changed. Store the URL"
            " of a Slack webhook, https://hooks.slack.com/services/..."
        )
    return replace(block, data={"url": SecretStr(url)})


def data_pipelines() -> BlockDocument | SkippedObject:
    """Return the block of the PagerDuty service that is called when failures repeat."""
    block = BlockDocument("pager-duty-webhook", "data-pipelines", {})
    try:
        key = one_value(read_secret(PAGERDUTY_SECRET), PAGERDUTY_SECRET)
    except NotThere as error:
        return block.skipped(f"not configured: {error} to have this block")
    data = {
        "integration_key": SecretStr(key),
        # The block requires one. PagerDuty's Events API ignores it.
        "api_key": SecretStr("none"),
        "region_name": PAGERDUTY_REGION,
        # Otherwise incidents have the severity `info`.
        "notify_type": "failure",
    }
    return replace(block, data=data)
