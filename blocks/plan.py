"""Plan of changes on Prefect's server: made once, then shown or carried out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Iterable, Iterator

from prefect.client.orchestration import SyncPrefectClient

from blocks.automations import UnwantedAutomation, unwanted_automations
from blocks.block_documents import BlockDocument
from blocks.managed_object import ManagedObject, SkippedObject
from blocks.server import Server
from utils.errors.addresses import without_secrets
from utils.reports.differences import Difference, differences

if TYPE_CHECKING:
    from rich.console import RenderableType


class Action(StrEnum):
    """An action on an object, in a plan's words."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "unchanged"
    SKIP = "skipped"
    DELETE = "delete"


DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
}
STYLES = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.KEEP: "dim",
    Action.SKIP: "dim",
    Action.DELETE: "red",
}


@dataclass(frozen=True)
class Step:
    """An object and the action planned for it."""

    object: ManagedObject | SkippedObject | UnwantedAutomation
    action: Action
    differences: tuple[Difference, ...] = ()

    def carry_out(self, server: Server) -> None:
        """Create, update or delete the object, as planned."""
        if isinstance(self.object, SkippedObject):
            return
        if isinstance(self.object, UnwantedAutomation):
            self.object.delete(server)
        elif self.action == Action.CREATE:
            self.object.create(server)
        elif self.action == Action.UPDATE:
            self.object.update(server)


@dataclass(frozen=True)
class BlocksPlan:
    """Steps in their order. `str` returns plain lines, rich prints a table."""

    server: str
    steps: tuple[Step, ...]
    done: bool = False

    @classmethod
    def of(
        cls,
        objects: Iterable[ManagedObject | SkippedObject],
        client: SyncPrefectClient,
    ) -> BlocksPlan:
        """Compare objects with those on the server. Nothing is changed."""
        objects = list(objects)
        server = _server(client, objects)
        steps = [_step(each, server) for each in objects]
        for each in unwanted_automations(objects, server):
            steps.append(Step(each, Action.DELETE))
        return cls(without_secrets(str(client.api_url)).rstrip("/"), tuple(steps))

    def carry_out(self, client: SyncPrefectClient) -> BlocksPlan:
        """Carry out all steps, and return the plan as done."""
        server = _server(client, (step.object for step in self.steps))
        for step in self.steps:
            step.carry_out(server)
        return BlocksPlan(self.server, self.steps, done=True)

    @property
    def summary(self) -> str:
        """The number of objects by action, in one line."""
        counts = {
            self._word(action): sum(step.action == action for step in self.steps)
            for action in Action
        }
        counted = ", ".join(
            f"{count} {word}" for word, count in counts.items() if count
        )
        if {step.action for step in self.steps} <= {Action.KEEP, Action.SKIP}:
            return f"Nothing to change on {self.server}: {counted}"
        return f"{'Done' if self.done else 'Plan'} for {self.server}: {counted}"

    def __str__(self) -> str:
        lines = []
        for step in self.steps:
            lines.append(f"{step.object.label}: {self._word(step.action)}")
            lines.extend(f"  {detail}" for detail in _details(step))
        return "\n".join([*lines, self.summary])

    def __rich__(self) -> RenderableType:
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("Item", overflow="fold")
        table.add_column("Action")
        table.add_column("Details", overflow="fold")
        for step in self.steps:
            table.add_row(
                Text(step.object.label),
                Text(self._word(step.action), style=STYLES[step.action]),
                Text("\n".join(_details(step))),
            )
        return Group(table, Text(self.summary))

    def _word(self, action: Action) -> str:
        return DONE.get(action, action.value) if self.done else action.value


def _server(client: SyncPrefectClient, objects: Iterable[object]) -> Server:
    blocks = (each.name for each in objects if isinstance(each, BlockDocument))
    return Server(client, blocks)


def _step(each: ManagedObject | SkippedObject, server: Server) -> Step:
    if isinstance(each, SkippedObject):
        return Step(each, Action.SKIP)
    current = each.find(server)
    if current is None:
        return Step(each, Action.CREATE, differences(each.defaults, each.wanted))
    changed = differences(
        current, each.wanted, lambda path, _: bool(each.public_fields.fullmatch(path))
    )
    return Step(each, Action.UPDATE if changed else Action.KEEP, changed)


def _details(step: Step) -> Iterator[str]:
    if isinstance(step.object, SkippedObject):
        yield step.object.reason
    elif step.action == Action.CREATE:
        # Removed defaults are no news about a new object.
        yield from (
            f"{each.field}: {each.new}" for each in step.differences if each.new
        )
    else:
        yield from map(str, step.differences)
