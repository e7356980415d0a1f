"""Automations that need no watch, and what the places get, on a real server."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from prefect.events import Event
from prefect.states import Completed, Running

from blocks import alerts
from tests.servers.waiting import until
from utils.watch.letter_events import BACK, LOOKED

pytestmark = pytest.mark.slow

AWKWARD = 'He said "no"\n\\ {{ flow }} <!channel> ü'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server whose automations lose patience after ten seconds."""
    from tests.utils.watch.watched_server import watched_server

    with watched_server(tmp_path_factory.mktemp("alerts")) as server:
        server.apply(within=10)
        yield server


def send(server, name: str, resource: str, related=(), **payload) -> None:
    """Send an event to the server."""
    event = Event.model_validate(
        {
            "id": uuid4(),
            "occurred": datetime.now(UTC),
            "event": name,
            "resource": {"prefect.resource.id": resource},
            "related": list(related),
            "payload": payload,
        }
    )
    body = [event.model_dump(mode="json")]
    server.client.request("POST", "/events", json=body)


def test_every_payload_is_json_whatever_its_words(server):
    words = {
        **{name: AWKWARD for name in ("summary", "text", "subject")},
        "action": "opened",
        "details": {"Error": AWKWARD},
        "links": [{"href": "https://example.org/?a=1&b=2", "text": AWKWARD}],
    }
    send(server, "data-platform.alert.late.told", "data-platform.run.a", **words)
    send(server, "data-platform.alert.no-success.opened", "data-platform.a", **words)
    until(lambda: server.slack.taken and server.pagerduty.taken, "both", 30)
    assert server.slack.taken == [{"text": AWKWARD}]
    assert server.pagerduty.taken == [
        {
            "event_action": "trigger",
            "dedup_key": AWKWARD,
            "payload": {
                "summary": AWKWARD,
                "source": AWKWARD,
                "severity": "error",
                "custom_details": {"Error": AWKWARD},
            },
            "links": words["links"],
        }
    ]


def test_watch_is_away_and_back(server):
    server.pagerduty.api.requests.clear()
    for _ in range(3):
        send(server, LOOKED, "data-platform.watch")
        time.sleep(1)
    assert server.pagerduty.taken == []
    until(lambda: server.pagerduty.taken, "watch to be missed", 60)
    time.sleep(6)  # it is told once
    send(server, BACK, "data-platform.watch")
    until(lambda: len(server.pagerduty.taken) > 1, "the resolution", 30)
    assert [(e["event_action"], e["dedup_key"]) for e in server.pagerduty.taken] == [
        *(("trigger", "watch"), ("resolve", "watch"))
    ]


@pytest.mark.parametrize("tag, ends", [("alerts", "CRASHED"), ("load", "RUNNING")])
def test_a_run_without_heartbeats_is_ended(server, tag, ends):
    run = server.run(server.deployment(f"of-{tag}", tags=(tag,)), Running())
    over = server.run(server.deployment(f"over-{tag}", tags=(tag,)), Running())
    role = {"prefect.resource.role": "tag"}
    related = [{"prefect.resource.id": f"prefect.tag.{tag}", **role}]
    for each in (run, over):
        resource = f"prefect.flow-run.{each.id}"
        send(server, "prefect.flow-run.heartbeat", resource, related)
    server.client.set_flow_run_state(over.id, Completed(), force=True)

    def state(of) -> str:
        return server.client.read_flow_run(of.id).state.type.value

    if ends == "CRASHED":
        until(lambda: state(run) == ends, "the run's end", 60)
    else:
        time.sleep(10)
    assert (state(run), state(over)) == (ends, "COMPLETED")


def test_slack_and_pagerduty_templates_without_an_event_are_json():
    for texts in (alerts.AWAY_PAYLOADS, alerts.BACK_PAYLOADS):
        assert all(json.loads(text) for text in texts.values())
