"""Errors of AWS in plain words: refused, missing, busy, out of reach."""

from __future__ import annotations

import pytest
from botocore.utils import ContainerMetadataFetcher

import utils.aws.client
from tests.fakes.http_server import api, json_answer
from tests.servers.ports import free_port
from utils.aws.client import AwsUnavailable, NoAws, NotThere, asking_aws, aws_client
from utils.errors import ClearError
from utils.errors.transient import is_worth_retrying


def ask() -> None:
    with asking_aws(
        "the keys", "kms:ListKeys", "There are no keys.", "Nothing is new."
    ):
        aws_client("kms").list_keys()


@pytest.mark.parametrize(
    "status, code, error_class, advice",
    [
        (400, "AccessDeniedException", ClearError, "the right kms:ListKeys"),
        (400, "ThrottlingException", AwsUnavailable, "Retry later"),
        (503, "InternalFailure", AwsUnavailable, "Retry later"),
        (400, "ResourceNotFoundException", NotThere, "There are no keys"),
    ],
)
def test_an_answer_that_is_no_success(
    aws, monkeypatch, status, code, error_class, advice
):
    with api(json_answer({"__type": code, "Message": "Said AWS"}, status)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(ClearError, match=advice) as error:
            ask()
    assert type(error.value) is error_class
    assert is_worth_retrying(error.value) == (error_class is AwsUnavailable)
    if error_class is not NotThere:
        assert "AWS refuses the keys: Said AWS. Nothing is new." in str(error.value)


def test_aws_out_of_reach_passes_by_itself(aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(AwsUnavailable, match="Nothing is new. It takes credentials"):
        ask()


def test_credentials_that_a_task_cannot_fetch_for_the_moment(aws, monkeypatch):
    """Fail at the agent that gives credentials to a task on ECS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
    with api(json_answer({}, status=500)) as agent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url)
        with pytest.raises(AwsUnavailable, match="credentials"):
            ask()
    assert agent.requests


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(aws, monkeypatch):
    monkeypatch.setattr(utils.aws.client, "READ_SECONDS", 0.2)
    late = json_answer({"Keys": []})
    late.seconds = 2
    with api(late) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(AwsUnavailable, match="timeout"):
            ask()


@pytest.mark.parametrize(
    "variable, value, reason",
    [
        ("AWS_PROFILE", "nobody", "nobody"),
        ("AWS_DEFAULT_REGION", "", "region"),
        ("AWS_ENDPOINT_URL", "nowhere", "nowhere"),
    ],
)
def test_a_client_that_cannot_be_made(aws, monkeypatch, variable, value, reason):
    monkeypatch.setenv(variable, value)
    if not value:
        monkeypatch.delenv(variable)
    with pytest.raises(NoAws, match=reason) as error:
        aws_client("kms")
    assert not is_worth_retrying(error.value)
