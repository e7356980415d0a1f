"""Alerts: an automation for each kind of event that somebody is told of.

`utils.watch` judges runs, tables and work pools, and sends an event for each letter with its
words. The automations of Prefect's server deliver them. Two do without: one tells that watch
itself is away, one ends runs whose process is gone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Iterator

from blocks.automations import Automation, proactive, reactive
from blocks.block_documents import BlockDocument
from blocks.managed_object import SkippedObject
from utils.watch.judge import Kind
from utils.watch.letter_events import AWAY_AFTER, BACK, LOOKED, WATCH, event_name
from utils.watch.letters import Action
from utils.watch.prefect_history import TAG

# Prefect's processes send one every three minutes, unless they are told otherwise.
NO_HEARTBEAT = timedelta(minutes=9)
FINAL_STATES = ("Completed", "Failed", "Crashed", "Cancelled", "TimedOut")

MESSAGES = {
    Kind.RUN_FAILED: "A run has failed, crashed or timed out",
    Kind.RECOVERED: "A deployment works again",
    Kind.STUCK_PENDING: "A run does not start: it is Pending",
    Kind.LATE: "A run is late: no worker has taken it",
    Kind.RUNNING_LONG: "A run takes far longer than it does",
}
INCIDENTS = {
    Kind.REPEATED_FAILURE: "A deployment has failed three times in a row",
    Kind.NO_SUCCESS: "A deployment has not succeeded when its schedule promised it",
    Kind.STALE_TABLE: "A table is older than it promises",
    Kind.NO_WORKER: "A work pool has no worker",
}

SLACK_PAYLOAD = '{"text": {{ event.payload["text"] | tojson }}}'
PAGERDUTY_PAYLOAD = """\
{
  "event_action": {{ ("resolve" if event.payload["action"] == "resolved" else "trigger") | tojson }},
  "dedup_key": {{ event.payload["subject"] | tojson }},
  "payload": {
    "summary": {{ event.payload["summary"] | tojson }},
    "source": {{ event.payload["subject"] | tojson }},
    "severity": "error",
    "custom_details": {{ event.payload["details"] | tojson }}
  },
  "links": {{ event.payload["links"] | tojson }}
}"""
PAYLOADS = {"slack": SLACK_PAYLOAD, "pagerduty": PAGERDUTY_PAYLOAD}
PAGERDUTY_REFUSES = "PagerDuty takes no incidents"
SLACK_REFUSES = "Slack takes no messages"
AWAY = "watch is away: nobody is told of failed runs, late runs and stale tables"
AWAY_PAYLOADS = {
    "slack": f'{{"text": "*{AWAY}*"}}',
    "pagerduty": (
        '{"event_action": "trigger", "dedup_key": "watch", "payload": {"summary":'
        f' "{AWAY}", "source": "watch", "severity": "critical"}}}}'
    ),
}
BACK_PAYLOADS = {
    "slack": '{"text": "watch is back"}',
    "pagerduty": '{"event_action": "resolve", "dedup_key": "watch"}',
}


def automations(
    slack: BlockDocument | SkippedObject, pagerduty: BlockDocument | SkippedObject
) -> Iterator[Automation | SkippedObject]:
    """Yield the automations of the places that this team has.

    Without PagerDuty, Slack is told of incidents. Without Slack nobody is told of messages.
    """
    incidents = pagerduty if isinstance(pagerduty, BlockDocument) else slack
    for kind, text in MESSAGES.items():
        yield _call(_name(kind), text, slack, _told(kind), PAYLOADS)
    for kind, text in INCIDENTS.items():
        yield _call(_name(kind), text, incidents, _opened(kind), PAYLOADS)
    for text, place, trigger in (
        (PAGERDUTY_REFUSES, slack, _told(Kind.REFUSED)),
        (SLACK_REFUSES, pagerduty, _opened(Kind.REFUSED)),
    ):
        yield _call(text, text, place, trigger, PAYLOADS)
    yield _call(
        "watch is away", AWAY_DESCRIPTION, incidents, AWAY_TRIGGER, AWAY_PAYLOADS
    )
    yield _call(
        "watch is back", "It looks again", incidents, reactive(BACK), BACK_PAYLOADS
    )
    yield NO_HEARTBEATS


def _name(kind: Kind) -> str:
    return kind.value.replace("-", " ")


def _told(kind: Kind) -> dict[str, Any]:
    return reactive(event_name(kind, Action.TELL))


def _opened(kind: Kind) -> dict[str, Any]:
    """Return the trigger of an incident's opening and of its resolution."""
    return reactive(*(event_name(kind, each) for each in (Action.OPEN, Action.RESOLVE)))


def _call(
    name: str,
    description: str,
    place: BlockDocument | SkippedObject,
    trigger: dict[str, Any],
    payloads: dict[str, str],
) -> Automation | SkippedObject:
    name = f"alerts: {name}"
    if isinstance(place, SkippedObject):
        return SkippedObject(f"automation {name}", f"without {place.label}")
    action = {"type": "call-webhook", "payload": payloads[place.document]}
    return Automation(name, f"{description}.", trigger, action, place)


AWAY_DESCRIPTION = "Watch has said nothing for ten minutes"
AWAY_TRIGGER = proactive(
    [LOOKED],
    [LOOKED],
    AWAY_AFTER,
    match=WATCH,
)
NO_HEARTBEATS = Automation(
    "alerts: no heartbeat",
    "Ends a run whose process is gone as Crashed. It tells nobody: watch does.",
    proactive(
        ["prefect.flow-run.heartbeat"],
        (f"prefect.flow-run.{each}" for each in ("heartbeat", *FINAL_STATES)),
        NO_HEARTBEAT,
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={
            "prefect.resource.id": f"prefect.tag.{TAG}",
            "prefect.resource.role": "tag",
        },
    ),
    {
        "type": "change-flow-run-state",
        "state": "CRASHED",
        "name": "Crashed",
        "message": "Its process has sent no heartbeat for nine minutes.",
    },
)
