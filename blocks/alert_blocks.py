"""Places that alerts are sent to: a channel in Slack, a service in PagerDuty."""

from __future__ import annotations

from pydantic import SecretStr

from blocks.block_documents import BlockDocument
from blocks.managed_object import SkippedObject
from utils.aws.client import NotThere
from utils.aws.secret_content import one_value
from utils.aws.secrets import read_secret
from utils.errors import ClearError

SLACK_SECRET = "prefect/slack-webhook-url"
PAGERDUTY_SECRET = "prefect/pagerduty-integration-key"
# events.eu.pagerduty.com for an account at eu.pagerduty.com.
PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"


def slack() -> BlockDocument | SkippedObject:
    """Return the block of the Slack channel that messages go to."""
    block = BlockDocument("webhook", "slack", {})
    try:
        url = one_value(read_secret(SLACK_SECRET), SLACK_SECRET)
    except NotThere as error:
        return block.skipped(f"not configured: {error} to have this block")
    if "://" not in url:
        raise ClearError(
            f"The secret {SLACK_SECRET} is not a URL. Nothing was changed. Store the URL"
            " of a Slack webhook, https://hooks.slack.com/services/..."
        )
    return webhook("slack", url, {})


def pagerduty() -> BlockDocument | SkippedObject:
    """Return the block of the PagerDuty service that incidents go to.

    Prefect's own block of PagerDuty neither resolves an incident nor sends a key by which
    PagerDuty knows it again. The integration key is in a header, as PagerDuty's own client
    sends it: an automation shows its payload to everyone.
    """
    try:
        key = one_value(read_secret(PAGERDUTY_SECRET), PAGERDUTY_SECRET)
    except NotThere as error:
        block = BlockDocument("webhook", "pagerduty", {})
        return block.skipped(f"not configured: {error} to have this block")
    return webhook("pagerduty", PAGERDUTY, {"X-Routing-Key": key})


def webhook(name: str, url: str, headers: dict[str, str]) -> BlockDocument:
    """Return a block that posts JSON to an address."""
    headers = {"Content-Type": "application/json"} | headers
    return BlockDocument(
        "webhook",
        name,
        {
            "url": SecretStr(url),
            "headers": {key: SecretStr(value) for key, value in headers.items()},
        },
    )
