"""Topics as targets of EventBridge's rules: who may publish, and what cannot be sent.

moto's EventBridge sends to queues, but not to topics.
"""

from __future__ import annotations

import json
from copy import copy
from typing import Any

from moto.events.models import Rule

from tests.cloud import iam
from tests.cloud.account import ACCOUNT, backend
from tests.cloud.needs import Need
from tests.cloud.policies import Context
from tests.cloud.switches import SWITCHES

EVENTBRIDGE = "events.amazonaws.com"


def install() -> None:
    """Let rules send to topics."""
    send = Rule.send_to_targets

    def send_to_topics(rule: Rule, event: Any, *args: Any, **kwargs: Any) -> None:
        topics = [each for each in rule.targets if ":sns:" in each["Arn"]]
        others = copy(rule)
        others.targets = [each for each in rule.targets if each not in topics]
        send(others, event, *args, **kwargs)
        if rule.event_pattern.matches_event(event):
            for target in topics:
                _send(rule.arn, target, json.dumps(event))

    Rule.send_to_targets = send_to_topics  # type: ignore[method-assign]


def _send(rule: str, target: dict[str, Any], message: str) -> None:
    """Publish a message, or put it into the target's queue of dead letters."""
    if _may_publish(rule, target):
        backend("sns").publish(message, target["Arn"])
        return
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if not queue:
        return
    name = queue.rpartition(":")[2]
    policy = backend("sqs").get_queue(name).policy
    if _trusted(policy, "sqs:SendMessage", queue, {"aws:SourceArn": rule}):
        backend("sqs").send_message(name, message)


def _may_publish(rule: str, target: dict[str, Any]) -> bool:
    """Return whether the target's role may publish, or EventBridge itself without one.

    AWS's pages disagree on whether a role counts here, and a condition in the policy.
    """
    topic, role_arn = target["Arn"], target.get("RoleArn")
    source: Context = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": rule}
    if not role_arn or SWITCHES.roles_ignored:
        policy = backend("sns").topics[topic].policy
        known = {} if SWITCHES.conditions_unknown else source
        return _trusted(policy, "sns:Publish", topic, known)
    role = iam.role_of(role_arn)
    trust = role.assume_role_policy_document
    return _trusted(trust, "sts:AssumeRole", role_arn, source) and iam.role_may(
        role, Need("sns:Publish", topic)
    )


def _trusted(policy: Any, action: str, resource: str, context: Context) -> bool:
    return iam.principal_may(policy, "Service", EVENTBRIDGE, action, resource, context)
