"""Fixtures of the tests of `python -m blocks`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Iterator

import httpx
import pytest

# Nothing of Prefect's is imported before tests/conftest.py has made its settings.
if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from tests.fakes.aws import Aws
    from tests.fakes.vault import Vault

SECRETS = ("slacktoken", "routing-key", "MIIB")
POOLS = ("dev", "production")
# In an order in which they can be deleted.
BLOCKS = (
    "s3-bucket/data-lake",
    "aws-credentials/data-platform",
    "snowflake-connector/snowflake-analytics",
    "webhook/slack",
    "webhook/pagerduty",
)
AUTOMATIONS = {
    f"alerts: {name}"
    for name in (
        *("run failed", "recovered", "stuck pending", "late", "running long"),
        *("repeated failure", "no success", "stale table", "no worker"),
        *("Slack takes no messages", "PagerDuty takes no incidents"),
        *("watch is away", "watch is back", "no heartbeat"),
    )
}


@pytest.fixture
def prefect(prefect_api: str) -> Iterator[SyncPrefectClient]:
    """A Prefect server that has none of the pools and blocks, before and after."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        _remove_all(client)
        yield client
        _remove_all(client)


@pytest.fixture
def blocks(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Function that runs `python -m blocks` in this process, and returns its lines."""

    from blocks.__main__ import app

    def run(*arguments: str) -> list[str]:
        app(arguments)
        printed = capsys.readouterr().out
        assert not [each for each in SECRETS if each in printed]
        return printed.splitlines()

    return run


@pytest.fixture
def stack(aws: Aws) -> Aws:
    """AWS, with the platform's stacks and a bucket for its lake."""
    from tests.samples.platform_stack import create_stacks

    create_stacks(aws)
    aws.new_bucket("the-lake")
    return aws


@pytest.fixture
def secrets(stack: Aws) -> Vault:
    """AWS, with each secret that becomes part of a block."""
    from tests.fakes.vault import Vault

    vault = Vault(stack)
    vault.put(
        "prefect/slack-webhook-url", "https://hooks.slack.com/services/T/B/slacktoken\n"
    )
    vault.put("prefect/pagerduty-integration-key", {"key": "routing-key"})
    vault.put(
        "dlt/destination/warehouse/credentials",
        {
            "host": "example-account",
            "username": "LOADER",
            "private_key": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
            "database": "ANALYTICS",
            "warehouse": "LOADING",
            "role": "LOADER",
        },
    )
    return vault


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Methods and paths of what is sent to Prefect's server."""
    sent: list[str] = []
    send = httpx.Client.send

    def record(
        client: httpx.Client, request: httpx.Request, **options
    ) -> httpx.Response:
        sent.append(f"{request.method} {request.url.path}")
        return send(client, request, **options)

    monkeypatch.setattr(httpx.Client, "send", record)
    return sent


def names(lines: list[str], action: str) -> set[str]:
    """Return the labels of the objects with this action."""
    heads = (line.rpartition(": ") for line in lines if not line.startswith(" "))
    return {name for name, _, found in heads if found == action}


def changes(requests: list[str]) -> list[str]:
    """Return the requests that change something."""
    return [
        each
        for each in requests
        if not each.startswith("GET") and not each.endswith("/filter")
    ]


def _remove_all(client: SyncPrefectClient) -> None:
    from prefect.exceptions import ObjectNotFound

    from blocks.automations import UnwantedAutomation
    from blocks.server import Server

    for name in BLOCKS:
        block_type, document = name.split("/")
        with suppress(ObjectNotFound):
            found = client.read_block_document_by_name(document, block_type)
            client.delete_block_document(found.id)
    for name in POOLS:
        with suppress(ObjectNotFound):
            client.delete_work_pool(name)
    for automation in client.read_automations(limit=200):
        UnwantedAutomation(automation.name, automation.id).delete(Server(client))
