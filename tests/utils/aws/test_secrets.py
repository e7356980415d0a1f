"""Secrets of AWS Secrets Manager on their way into a block."""

from __future__ import annotations

import pytest

from blocks.alert_blocks import alerts
from tests.fakes.vault import Vault
from utils.aws.secrets import NotConfigured, single_secret
from utils.errors import ClearError

NAME = "prefect/slack-webhook-url"


@pytest.fixture
def secrets(aws) -> Vault:
    return Vault(aws)


@pytest.mark.parametrize("content", ["value\n", '{"url": "value"}', {"key": "value"}])
def test_one_value_as_text_or_as_the_console_writes_it(secrets, content):
    secrets.put(NAME, content)
    assert single_secret(NAME).get_secret_value() == "value"


@pytest.mark.parametrize(
    "content, answer",
    [
        (b"binary", "holds no text"),
        (" ", "holds no text"),
        ({"a": "sesame", "b": "sesame"}, "is not one value"),
        ({"a": {"b": "sesame"}}, "is not one value"),
        ('{"sesame', "is not one value"),
    ],
)
def test_what_is_not_one_value(secrets, content, answer):
    secrets.put(NAME, content)
    with pytest.raises(ClearError, match=f"{NAME} {answer}") as error:
        single_secret(NAME)
    assert "sesame" not in str(error.value)


def test_none_and_one_that_is_marked_for_deletion(secrets):
    with pytest.raises(NotConfigured, match=f"{NAME} is not there, create it"):
        single_secret(NAME)
    secrets.put(NAME, "value")
    secrets.delete(NAME)
    with pytest.raises(NotConfigured, match=f"{NAME} is not there"):
        single_secret(NAME)


def test_one_that_may_not_be_read_is_an_error(secrets):
    secrets.put(NAME, "value")
    with secrets.reader("dlt/*"):
        with pytest.raises(ClearError, match=f"refuses the secret {NAME}") as error:
            single_secret(NAME)
    assert "the right secretsmanager:GetSecretValue" in str(error.value)


def test_a_channels_name_is_no_webhook(secrets):
    secrets.put(NAME, "#data-alerts")
    with pytest.raises(ClearError, match=f"{NAME} is no address"):
        alerts()
