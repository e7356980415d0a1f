"""Blocks of alerts, with and without the secrets of Slack and PagerDuty."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from blocks.alert_blocks import (
    PAGERDUTY,
    PAGERDUTY_SECRET,
    SLACK_SECRET,
    pagerduty,
    slack,
)
from blocks.managed_object import SkippedObject
from tests.fakes.vault import Vault
from utils.errors import ClearError


@pytest.fixture
def secrets(aws) -> Vault:
    return Vault(aws)


def test_slack(secrets):
    secrets.put(SLACK_SECRET, "https://hooks.slack.com/services/T/B/token\n")
    wanted = slack().wanted
    assert wanted["url"] == SecretStr("https://hooks.slack.com/services/T/B/token")


def test_a_slack_secret_that_is_not_a_url(secrets):
    secrets.put(SLACK_SECRET, "xoxb-token")
    with pytest.raises(ClearError, match=f"{SLACK_SECRET} is not a URL") as error:
        slack()
    assert "xoxb" not in str(error.value)


def test_pagerduty(secrets):
    secrets.put(PAGERDUTY_SECRET, {"key": "routing-key"})
    wanted = pagerduty().wanted
    assert wanted["url"] == SecretStr(PAGERDUTY)
    assert wanted["headers"]["X-Routing-Key"] == SecretStr("routing-key")


@pytest.mark.parametrize(
    "block, secret", [(slack, SLACK_SECRET), (pagerduty, PAGERDUTY_SECRET)]
)
def test_without_its_secret_a_block_is_skipped(secrets, block, secret):
    skipped = block()
    assert isinstance(skipped, SkippedObject) and secret in skipped.reason


@pytest.mark.parametrize(
    "block, secret", [(slack, SLACK_SECRET), (pagerduty, PAGERDUTY_SECRET)]
)
def test_a_secret_that_may_not_be_read_is_not_a_missing_one(secrets, block, secret):
    """Fail, because nobody would notice that failures alert nobody."""
    secrets.put(secret, "https://hooks.slack.com/services/T/B/token")
    with secrets.reader("dlt/*"):
        with pytest.raises(ClearError, match=f"refuses the secret {secret}"):
            block()
