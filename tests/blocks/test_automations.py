"""Automations of alerts on a real Prefect server: planned and applied like the rest."""

from __future__ import annotations

import pytest
from prefect.client.schemas.objects import BlockDocument
from prefect.events.schemas.automations import Automation, AutomationCore

from blocks.automations import UnwantedAutomation
from blocks.server import Server
from tests.blocks.conftest import changes, names

pytestmark = pytest.mark.slow


def automations(prefect) -> dict[str, Automation]:
    return {each.name: each for each in prefect.read_automations(limit=200)}


def slack_block(prefect) -> BlockDocument:
    return prefect.read_block_document_by_name("slack", "webhook")


def changed(automation: Automation, **changes) -> AutomationCore:
    fields = automation.model_dump(exclude={"id", "owner_resource"})
    return AutomationCore.model_validate(fields | changes)


def test_a_changed_one_is_updated_and_its_switch_kept(blocks, prefect, secrets):
    blocks("apply")
    late = automations(prefect)["alerts: late"]
    by_hand = changed(late, description="By hand.", enabled=False)
    prefect.update_automation(late.id, by_hand)

    lines = blocks("apply")

    assert names(lines, "updated") == {"automation alerts: late"}
    assert any(line.startswith("  description: By hand. -> ") for line in lines)
    after = automations(prefect)["alerts: late"]
    assert (after.id, after.enabled) == (late.id, False)
    assert after.description == late.description


def test_one_that_calls_another_block_is_updated(blocks, prefect, secrets):
    """The other block may be gone, too: Slack's was deleted and is made again."""
    blocks("apply")
    late, slack = automations(prefect)["alerts: late"], slack_block(prefect)
    prefect.delete_block_document(slack.id)

    lines = blocks("apply")

    assert "block webhook/slack: created" in lines
    assert "automation alerts: late: updated" in lines
    assert f"  action.block_document_id: {slack.id} -> webhook/slack" in lines
    (action,) = automations(prefect)["alerts: late"].actions
    assert action.block_document_id == slack_block(prefect).id
    assert automations(prefect)["alerts: late"].id == late.id
    assert blocks("plan")[-1].startswith("Nothing to change")


def test_what_nobody_wants_any_more_is_deleted(blocks, prefect, secrets):
    """One of an earlier release, and the second one of a name; others are left alone."""
    blocks("apply")
    before = automations(prefect)
    late = before["alerts: late"]
    prefect.create_automation(changed(late, name="alerts: of old"))
    prefect.create_automation(changed(late))
    prefect.create_automation(changed(late, name="mine", tags=[]))

    assert names(blocks("plan"), "delete") == {
        *("automation alerts: of old", "automation alerts: late")
    }
    lines = blocks("apply")

    assert "automation alerts: of old: deleted" in lines
    found = prefect.read_automations(limit=200)
    assert sorted(each.name for each in found) == sorted([*before, "mine"])
    assert names(blocks("plan"), "delete") == set()


def test_a_second_apply_writes_nothing(blocks, prefect, secrets, requests):
    """Writing an automation would make Prefect forget what its trigger waits for."""
    blocks("apply")
    requests.clear()
    assert names(blocks("apply"), "updated") == set()
    assert not changes(requests)


def test_without_pagerduty_slack_is_told_of_incidents(blocks, prefect, secrets):
    secrets.delete("prefect/pagerduty-integration-key")
    lines = blocks("apply")
    assert names(lines, "skipped") == {
        "block webhook/pagerduty",
        "automation alerts: Slack takes no messages",
    }
    assert "automation alerts: no success: created" in lines


def test_without_places_only_heartbeats_are_watched(blocks, prefect, stack):
    blocks("apply")
    assert list(automations(prefect)) == ["alerts: no heartbeat"]


def test_one_that_is_gone_is_deleted(blocks, prefect, secrets):
    """A busy server deletes it, and the answer comes too late: Prefect asks again."""
    blocks("apply")
    late = automations(prefect)["alerts: late"]
    for _ in range(2):
        UnwantedAutomation(late.name, late.id).delete(Server(prefect))
    assert "alerts: late" not in automations(prefect)
