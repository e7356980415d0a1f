"""Alerts on failed runs: automations of the real server, and webhooks that they call."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from typing import Any, Iterator
from uuid import UUID, uuid4

from prefect.blocks.webhook import Webhook
from pydantic import SecretStr

from tests.fakes.http_server import Answer, Api, serving
from tests.planted.failures import NUMBERS
from tests.planted.values import secrets_of
from tests.servers.ports import free_port
from tests.servers.prefect_api import ask
from tests.servers.waiting import until

AWAY = "alert: Slack is away"
PAYLOAD = "{{ flow_run.name }}: {{ flow_run.state.message }} {{ event }} {{ flow_run }}"


@contextmanager
def alerts(api: str) -> Iterator[Api]:
    """Send an alert for each failed run with the tag `planted`.

    The webhooks' addresses and headers are secrets of the failures `alert` and `AWAY`.
    """
    with ExitStack() as stack:
        received = stack.enter_context(serving(lambda request: Answer(b"ok")))
        closed = f"http://127.0.0.1:{free_port()}"
        for name, tag, address in (
            ("alert", "planted", received.url),
            (AWAY, AWAY.replace(" ", "-"), closed),
        ):
            planted = secrets_of(NUMBERS[name])
            block = Webhook(
                url=SecretStr(f"{address}/services/{planted['slack']}"),
                headers={"X-Routing-Key": str(planted["pagerduty"])},
            )
            document = block.save(f"planted-{NUMBERS[name]}", overwrite=True)
            stack.enter_context(_automation(api, tag, document))
        yield received


@contextmanager
def _automation(api: str, tag: str, block: UUID) -> Iterator[None]:
    automation = {
        "name": tag.replace(":", ""),
        "trigger": {
            "type": "event",
            "posture": "Reactive",
            "match": {"prefect.resource.id": "prefect.flow-run.*"},
            "match_related": {
                "prefect.resource.role": "tag",
                "prefect.resource.id": f"prefect.tag.{tag}",
            },
            "expect": [f"prefect.flow-run.{state}" for state in ("Failed", "Crashed")],
            "threshold": 1,
            "within": 0,
        },
        "actions": [
            {
                "type": "call-webhook",
                "block_document_id": str(block),
                "payload": PAYLOAD,
            }
        ],
    }
    made = ask("POST", f"{api}/automations/", json=automation).raise_for_status()
    yield
    address = f"{api}/automations/{made.json()['id']}"
    # The server says 503 while it writes the runs' events.
    until(lambda: ask("DELETE", address).is_success, "the automation's end", 30)


def wait_for_alerts(api: str, received: Api, names: set[str]) -> None:
    """Wait until each failed run has sent its alert, or has failed to."""
    failed = {
        "flow_runs": {
            "tags": {"all_": ["planted"]},
            "state": {"type": {"any_": ["FAILED", "CRASHED"]}},
        }
    }
    runs = ask("POST", f"{api}/flow_runs/count", json=failed).json()
    until(lambda: len(received.requests) >= runs, f"{runs} alerts", 60)
    if AWAY in names:
        until(lambda: _events(api, "prefect.automation.action.failed"), "a failed alert")


def write_events(api: str) -> None:
    """Have all events written that the server has got: it writes twenty at a time."""
    name = f"planted.{uuid4()}"
    events: list[dict[str, Any]] = [
        {
            "id": str(uuid4()),
            "occurred": datetime.now(timezone.utc).isoformat(),
            "event": name,
            "resource": {"prefect.resource.id": "planted.end"},
        }
        for _ in range(40)
    ]
    ask("POST", f"{api}/events", json=events).raise_for_status()
    until(lambda: _events(api, name), "events", 30)


def _events(api: str, name: str) -> int:
    only = {"filter": {"event": {"name": [name]}}, "limit": 1}
    return ask("POST", f"{api}/events/filter", json=only).json()["total"]
