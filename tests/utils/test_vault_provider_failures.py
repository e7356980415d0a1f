"""Secrets that AWS Secrets Manager does not give: malformed, refused, out of reach."""

from __future__ import annotations

import pytest

from tests.fakes.http_server import api, json_answer
from tests.samples.token import token
from tests.servers.ports import free_port
from utils.aws.client import AwsUnavailable, NoAws
from utils.aws.secret_content import SecretError
from utils.errors import ClearError
from utils.errors.transient import is_worth_retrying


@pytest.mark.parametrize(
    "name, content, reason",
    [
        (
            "dlt/sources/pets",
            '{"token": "s3cret"',
            "begins like JSON, but is malformed",
        ),
        ("dlt/sources/pets", "s3cret", "is neither a JSON object nor TOML"),
        ("dlt/sources/pets", 'token = "s3cret', "is neither a JSON object nor TOML"),
        (
            "dlt/sources/pets/token",
            '{"token": s3cret}',
            "begins like JSON, but is malformed",
        ),
        ("dlt/sources/pets/token", " \n", "holds no text"),
        ("dlt/sources/pets", b"s3cret", "holds no text"),
    ],
)
def test_what_cannot_be_read_is_named_but_not_shown(vault, name, content, reason):
    vault.put(name, content)
    with pytest.raises(SecretError, match=f"The secret {name} {reason}") as raised:
        token()
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert not is_worth_retrying(raised.value)


def test_denied_is_not_missing(vault):
    vault.put("dlt/sources/pets", {"token": "s3cret"})
    with vault.reader("dlt/sources/cats/*"), pytest.raises(ClearError) as raised:
        token()
    message = str(raised.value)
    assert "refuses the secret dlt/sources/pets/token: User: arn:aws:iam::" in message
    assert "the right secretsmanager:GetSecretValue on that name, also if" in message
    assert (
        "which the deployment's job variable `role` in prefect.yaml names." in message
    )
    assert "Nothing was loaded." in message
    assert not is_worth_retrying(raised.value)


@pytest.mark.parametrize(
    "status, code, message, said, passes",
    [
        (
            *(400, "AccessDeniedException", "Access to KMS is not allowed"),
            *("It takes the right kms:Decrypt", False),
        ),
        (
            *(400, "DecryptionFailure", "The key is disabled."),
            *("It takes the right kms:Decrypt", False),
        ),
        (
            *(400, "ExpiredTokenException", "The security token is expired"),
            *("It takes credentials that are good", False),
        ),
        (400, "ThrottlingException", "Rate exceeded", "Retry later.", True),
        (500, "InternalServiceError", "An error", "Retry later.", True),
    ],
)
def test_what_else_aws_answers(vault, monkeypatch, status, code, message, said, passes):
    answer = json_answer({"__type": code, "Message": message}, status)
    with api(answer) as aws, pytest.raises(ClearError) as raised:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        token()
    text = str(raised.value)
    assert f"refuses the secret dlt/sources/pets/token: {message.rstrip('.')}." in text
    assert said in text
    assert is_worth_retrying(raised.value) == passes
    assert len(aws.requests) == (3 if passes else 1)


def test_an_aws_that_cannot_be_reached_may_be_there_again(vault, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(AwsUnavailable, match="pets/token could not be read") as raised:
        token()
    assert is_worth_retrying(raised.value)


@pytest.mark.parametrize(
    "variables, reason",
    [
        (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], "locate credentials"),
        (["AWS_DEFAULT_REGION"], "must specify a region"),
    ],
)
def test_without_an_account_it_says_so(vault, monkeypatch, variables, reason):
    for variable in variables:
        monkeypatch.delenv(variable)
    with pytest.raises(NoAws, match=reason) as raised:
        token()
    assert "PROVIDERS__ENABLE_AWS_SECRETS" in str(raised.value)
    assert not is_worth_retrying(raised.value)
