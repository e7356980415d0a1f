"""Alerts on failed runs: an automation of the real server, and webhooks that it calls.

The automation comes last, when no run writes to the database any more: each alert builds
Prefect's API anew, and Python's collection of that garbage may wait a minute for SQLite.
The events of the failed runs are then sent again.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, Iterator
from uuid import uuid4

from prefect.blocks.webhook import Webhook
from pydantic import SecretStr

from tests.fakes.http_server import Answer, serving
from tests.planted.values import Secret
from tests.servers.ports import free_port
from tests.servers.prefect_api import ask
from tests.servers.waiting import until

TAG = "planted"
FAILED = ["prefect.flow-run.Failed", "prefect.flow-run.Crashed"]
ACTION_FAILED = "prefect.automation.action.failed"
# The run's id first: several runs have one name.
PAYLOAD = "{{ flow_run.id }}: {{ flow_run.state.message }} {{ event }} {{ flow_run }}"


def send_alerts(api: str, since: datetime, planted: dict[str, Secret]) -> list[bytes]:
    """Send an alert for each run with the tag that failed, and return what was sent.

    Another one goes to a webhook that is away. The webhooks' addresses are secrets.
    """
    write_events(api)
    happened = {"occurred": {"since": since.isoformat()}}
    tagged = {"related": {"id": [f"prefect.tag.{TAG}"]}}
    failed = _events(api, FAILED, **happened, **tagged)
    with serving(lambda request: Answer(b"ok")) as received:

        def runs() -> set[bytes]:
            return {each.body.partition(b":")[0] for each in received.requests}

        def alerted() -> bool:
            _send_again(api, failed[:1])
            return bool(received.requests)

        with _automation(api, received.url, planted["slack"]):
            until(alerted, "the first alert", 60, every=0.5)  # the server knows of it
            _send_again(api, failed[1:])
            until(lambda: len(runs()) == len(failed), "alerts", 60)

    def refused() -> bool:
        _send_again(api, failed[:1])
        write_events(api)
        return bool(_events(api, [ACTION_FAILED], **happened))

    away = f"http://127.0.0.1:{free_port()}"
    with _automation(api, away, planted["pagerduty"]):
        until(refused, "a failed alert", 60)
    return [request.body for request in received.requests]


def write_events(api: str) -> None:
    """Have all events written that the server has got: it writes twenty at a time."""
    name = f"planted.{uuid4()}"
    event = {
        "occurred": _now(),
        "event": name,
        "resource": {"prefect.resource.id": "planted"},
    }
    events = [event | {"id": str(uuid4())} for _ in range(40)]
    ask("POST", f"{api}/events", json=events).raise_for_status()
    until(lambda: _events(api, [name]), "events", 30)


@contextmanager
def _automation(api: str, server: str, secret: Secret) -> Iterator[None]:
    """Have an automation that calls a webhook, with a secret in address and header."""
    block = Webhook(
        url=SecretStr(f"{server}/services/{secret}"),
        headers={"X-Routing-Key": str(secret)},
    )
    document = block.save("planted", overwrite=True)
    automation = {
        "name": "planted",
        "trigger": {
            "type": "event",
            "posture": "Reactive",
            "match_related": {
                "prefect.resource.role": "tag",
                "prefect.resource.id": f"prefect.tag.{TAG}",
            },
            "expect": FAILED,
            "threshold": 1,
            "within": 0,
        },
        "actions": [
            {
                "type": "call-webhook",
                "block_document_id": str(document),
                "payload": PAYLOAD,
            }
        ],
    }
    made = ask("POST", f"{api}/automations/", json=automation).raise_for_status()
    yield
    address = f"{api}/automations/{made.json()['id']}"
    ask("DELETE", address).raise_for_status()
    ask("DELETE", f"{api}/block_documents/{document}").raise_for_status()


def _events(api: str, names: list[str], **only: Any) -> list[dict[str, Any]]:
    asked = {"filter": {"event": {"name": names}, **only}, "limit": 50}
    found = ask("POST", f"{api}/events/filter", json=asked).raise_for_status()
    return found.json()["events"]


def _send_again(api: str, events: list[dict[str, Any]]) -> None:
    again = {"occurred": _now()}
    sent = [each | again | {"id": str(uuid4())} for each in events]
    ask("POST", f"{api}/events", json=sent).raise_for_status()


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()
