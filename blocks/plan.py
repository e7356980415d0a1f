"""What would change on Prefect's server: made once, then shown or carried out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Iterable, Iterator

from prefect.client.orchestration import SyncPrefectClient

from blocks.resource import LeftOut, Resource
from utils.differences import Difference, differences

if TYPE_CHECKING:
    from rich.console import RenderableType


class Action(StrEnum):
    """What has to be done."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "same"
    LEAVE_OUT = "left out"


DONE = {Action.CREATE: "created", Action.CHANGE: "changed"}


@dataclass(frozen=True)
class Step:
    """What has to be done with one of them."""

    of: Resource | LeftOut
    action: Action
    differences: tuple[Difference, ...] = ()

    def carry_out(self, client: SyncPrefectClient) -> None:
        """Do it, if there is something to do."""
        if self.action == Action.CREATE:
            self.of.create(client)
        elif self.action == Action.CHANGE:
            self.of.update(client)


@dataclass(frozen=True)
class Plan:
    """Each step, in their order. Printed with `str` it is plain lines, by rich a table."""

    server: str
    steps: tuple[Step, ...]
    done: bool = False

    @classmethod
    def of(
        cls, resources: Iterable[Resource | LeftOut], client: SyncPrefectClient
    ) -> Plan:
        """Compare with what is on the server. Nothing is changed."""
        steps = tuple(_step(each, client) for each in resources)
        return cls(str(client.api_url).rstrip("/"), steps)

    def carry_out(self, client: SyncPrefectClient) -> Plan:
        """Change what has to be, and nothing else. Returns what was done."""
        for step in self.steps:
            step.carry_out(client)
        return Plan(self.server, self.steps, done=True)

    @property
    def summary(self) -> str:
        """One line: how many of what."""
        counts = {
            self._word(action): sum(step.action == action for step in self.steps)
            for action in Action
        }
        counted = ", ".join(
            f"{count} {word}" for word, count in counts.items() if count
        )
        if {step.action for step in self.steps} <= {Action.KEEP, Action.LEAVE_OUT}:
            return f"Nothing to change on {self.server}: {counted}"
        return f"{'Done' if self.done else 'Plan'} for {self.server}: {counted}"

    def __str__(self) -> str:
        lines = []
        for step in self.steps:
            lines.append(f"{step.of.kind} {step.of.name}: {self._word(step.action)}")
            lines.extend(f"  {detail}" for detail in _details(step))
        return "\n".join([*lines, self.summary])

    def __rich__(self) -> RenderableType:
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD)
        table.add_column("What", overflow="fold")
        table.add_column("Becomes")
        table.add_column("Details", overflow="fold")
        for step in self.steps:
            table.add_row(
                Text(f"{step.of.kind} {step.of.name}"),
                Text(self._word(step.action), style=STYLES[step.action]),
                Text("\n".join(_details(step))),
            )
        return Group(table, Text(self.summary))

    def _word(self, action: Action) -> str:
        return DONE.get(action, action.value) if self.done else action.value


STYLES = {
    Action.CREATE: "green",
    Action.CHANGE: "yellow",
    Action.KEEP: "dim",
    Action.LEAVE_OUT: "dim",
}


def _step(resource: Resource | LeftOut, client: SyncPrefectClient) -> Step:
    if isinstance(resource, LeftOut):
        return Step(resource, Action.LEAVE_OUT)
    there = resource.find(client)
    if there is None:
        return Step(
            resource, Action.CREATE, differences(resource.usual, resource.wanted)
        )
    changed = differences(there, resource.wanted)
    return Step(resource, Action.CHANGE if changed else Action.KEEP, changed)


def _details(step: Step) -> Iterator[str]:
    if isinstance(step.of, LeftOut):
        yield step.of.reason
    elif step.action == Action.CREATE:
        # what it would have by itself is no news
        yield from (
            f"{each.field}: {each.new}" for each in step.differences if each.new
        )
    else:
        yield from map(str, step.differences)
