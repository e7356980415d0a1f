"""Automations: which events of `utils.watch` and of Prefect are told, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Iterable, Iterator
from uuid import UUID

from prefect.events.schemas.automations import Automation as ServerAutomation
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import PrefectHTTPStatusError

from blocks.block_documents import BlockDocument
from blocks.managed_object import ManagedObject
from blocks.server import Server
from utils.reports.differences import Fields

TAG = "data-platform"
"""Tag of the automations that are managed here."""
# All fields name things. Secrets are in the blocks that they refer to.
PUBLIC_FIELDS = re.compile(r".*")


@dataclass(frozen=True)
class Automation(ManagedObject):
    """An automation. Its switch `enabled` is set by hand, and kept."""

    name: str
    description: str
    trigger: Fields
    action: Fields
    block: BlockDocument | None = None
    """The block that the action calls."""

    @property
    def label(self) -> str:
        """`automation` and its name."""
        return f"automation {self.name}"

    @property
    def wanted(self) -> Fields:
        """The description, trigger and action, with the block by its name."""
        return _fields(self._core(UUID(int=0)), self.block.name if self.block else "")

    @property
    def public_fields(self) -> re.Pattern[str]:
        """Any field: an automation has no secrets."""
        return PUBLIC_FIELDS

    def find(self, server: Server) -> Fields | None:
        found = _ours(server, self.name)
        return _fields(found[0], _block_name(found[0], server)) if found else None

    def create(self, server: Server) -> None:
        server.client.create_automation(self._core(self._block_id(server)))

    def update(self, server: Server) -> None:
        found, *_ = _ours(server, self.name)
        core = self._core(self._block_id(server), found.enabled)
        server.client.update_automation(found.id, core)

    def _core(self, block: UUID | None, enabled: bool = True) -> AutomationCore:
        to = {"block_document_id": str(block)} if self.block else {}
        return AutomationCore.model_validate(
            {
                "name": self.name,
                "description": self.description,
                "enabled": enabled,
                "tags": [TAG],
                "trigger": {"type": "event", **self.trigger},
                "actions": [self.action | to],
            }
        )

    def _block_id(self, server: Server) -> UUID | None:
        return server.blocks[self.block.name].id if self.block else None


@dataclass(frozen=True)
class UnwantedAutomation:
    """An automation of an earlier release, or a second one of a name."""

    name: str
    id: UUID

    @property
    def label(self) -> str:
        """`automation` and its name."""
        return f"automation {self.name}"

    def delete(self, server: Server) -> None:
        """Delete it, unless it is gone: the answer to an earlier request may be lost."""
        try:
            server.client.delete_automation(self.id)
        except PrefectHTTPStatusError as error:
            if error.response.status_code != 404:
                raise


def unwanted_automations(
    wanted: Iterable[object], server: Server
) -> Iterator[UnwantedAutomation]:
    """Yield the automations of this project that nobody wants any more, and twins."""
    names = {each.name for each in wanted if isinstance(each, Automation)}
    if not names:  # a part that has none
        return
    for each in _ours(server):
        if each.name not in names:
            yield UnwantedAutomation(each.name, each.id)
        names.discard(each.name)


def _ours(server: Server, name: str | None = None) -> list[ServerAutomation]:
    """Return this project's automations, or those of a name, in a lasting order."""
    ours = [each for each in server.automations if TAG in each.tags]
    return [each for each in ours if each.name == name] if name else ours


def _fields(found: AutomationCore, block: str) -> Fields:
    fields = found.model_dump(
        mode="json", include={"description", "trigger", "actions"}
    )
    trigger = fields["trigger"]
    trigger.pop("id", None)
    for name in ("after", "expect", "for_each"):
        trigger[name] = sorted(trigger[name])  # sets, which the server reorders
    (action,) = fields.pop("actions")
    if block:
        action["block_document_id"] = block
    return fields | {"action": action}


def _block_name(found: AutomationCore, server: Server) -> str:
    """Return the name of the block that an automation calls, if it is managed here."""
    id = getattr(found.actions[0], "block_document_id", None)
    return next((name for name, each in server.blocks.items() if each.id == id), "")


def reactive(*events: str) -> dict[str, Any]:
    """Return a trigger that fires for each of the events."""
    return {
        "posture": "Reactive",
        "match": {"prefect.resource.id": "data-platform.*"},
        "for_each": ["prefect.resource.id"],
        "expect": sorted(events),
        "threshold": 1,
        "within": 0,
    }


def proactive(
    after: Iterable[str],
    expect: Iterable[str],
    within: timedelta,
    **match: dict[str, Any],
) -> dict[str, Any]:
    """Return a trigger that fires if none of the events follows in time."""
    return {
        "posture": "Proactive",
        "for_each": ["prefect.resource.id"],
        "after": sorted(after),
        "expect": sorted(expect),
        "threshold": 1,
        "within": within.total_seconds(),
        **match,
    }
