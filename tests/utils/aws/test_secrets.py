"""Secrets of AWS Secrets Manager, as the vault and the blocks read them."""

from __future__ import annotations

import pytest

from tests.fakes.vault import Vault
from utils.aws.client import NotThere
from utils.aws.secret_content import SecretError
from utils.aws.secrets import read_secret
from utils.errors import ClearError
from utils.redaction import known_secrets
from utils.redaction.texts import redact

NAME = "prefect/slack-webhook-url"


@pytest.fixture
def secrets(aws) -> Vault:
    return Vault(aws)


def test_a_text_is_read_without_the_line_break_at_its_end(secrets):
    secrets.put(NAME, "value\n")
    assert read_secret(NAME) == "value"


@pytest.mark.parametrize("content", ["open-sesame-7", '{"url": "open-sesame-7"}'])
def test_what_was_read_is_struck_from_what_is_published(secrets, monkeypatch, content):
    monkeypatch.setattr(known_secrets, "_remembered", set())
    secrets.put(NAME, content)
    read_secret(NAME)
    assert "sesame" not in redact(f"It is open-sesame-7, of {content}.")


@pytest.mark.parametrize("content", [b"binary", " "])
def test_a_secret_without_text_is_an_error(secrets, content):
    secrets.put(NAME, content)
    with pytest.raises(SecretError, match=f"{NAME} holds no text"):
        read_secret(NAME)


def test_a_secret_that_is_missing_or_marked_for_deletion_is_not_there(secrets, caplog):
    with pytest.raises(NotThere, match=f"{NAME} is not there, create it"):
        read_secret(NAME)
    assert "deletion" not in caplog.text
    secrets.put(NAME, "value")
    secrets.delete(NAME)
    with pytest.raises(NotThere, match=f"{NAME} is not there"):
        read_secret(NAME)
    assert f"{NAME} is marked for deletion" in caplog.text


def test_a_secret_that_may_not_be_read_is_an_error(secrets):
    secrets.put(NAME, "value")
    with secrets.reader("dlt/*"):
        with pytest.raises(ClearError, match=f"refuses the secret {NAME}") as error:
            read_secret(NAME)
    assert "the right secretsmanager:GetSecretValue" in str(error.value)
    assert "Nothing was changed." in str(error.value)
