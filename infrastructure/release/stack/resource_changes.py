"""Changes of a stack's resources: what AWS creates, changes, replaces and deletes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Collection, Iterable, Iterator, Literal, Mapping

from infrastructure.release.stack.losses import LOSSES
from utils.errors import ClearError
from utils.reports.differences import differences

Action = Literal["delete", "replace", "may replace", "create", "update"]
Recreates = Literal["always", "sometimes", "never"]
Kept = Literal["", "whole", "snapshot"]
# In the order of a plan: what is lost comes first.
WORDS: dict[Action, str] = {
    "delete": "deleted",
    "replace": "replaced",
    "may replace": "may be replaced",
    "create": "created",
    "update": "changed in place",
}
LOST: dict[Kept, str] = {
    "": "lost",
    "whole": "AWS keeps outside the stack",
    "snapshot": "lost, except a snapshot",
}
MOST_PROPERTIES = 3
"""The number of properties in a resource's text. JSON has all of them."""
MOST_CHARACTERS = 60
# Attributes that an update in place changes. Names, ids, ARNs and addresses stay.
VARYING = re.compile("Version")
# What follows a property's path in a template: `CidrBlock.Ref`.
FUNCTION = re.compile(
    r"\.(?:Ref|GetAtt|Sub|Join|Split|Select|If|Cidr|ImportValue|Base64|FindInMap)(?=\.|$)"
)
# New values that are another resource's, as its change makes them.
KNOWN_LATER, THE_NEW = "(known after the update)", "the new "


@dataclass(frozen=True)
class PropertyChange:
    """A property that differs, with values that anyone may read."""

    path: str
    old: str
    new: str
    recreates: Recreates
    """Need of a new resource for such a change."""

    def __str__(self) -> str:
        if not self.old and not self.new:
            return self.path
        return f"{self.path} {_short(self.old)} -> {_short(self.new)}"


@dataclass(frozen=True)
class ResourceChange:
    """A resource that AWS creates, changes or deletes."""

    name: str
    """Logical name, which the template has."""
    type: str
    action: Action
    properties: tuple[PropertyChange, ...] = ()
    kept: Kept = ""
    """Part that AWS keeps of a resource that it deletes or replaces."""

    def __str__(self) -> str:
        removed = self.action == "delete" and self.kept == "whole"
        word = "removed from the stack" if removed else WORDS[self.action]
        word = "a new revision" if self.is_revision else word
        text = f"{self.name} ({self.type}): {word}"
        causes = self.causes if self.is_replaced else self.properties
        listed = [str(each) for each in causes[:MOST_PROPERTIES]]
        if len(causes) > MOST_PROPERTIES:
            listed.append(f"and {len(causes) - MOST_PROPERTIES} more")
        if listed:
            text += f"{', because' if self.is_replaced else ':'} {', '.join(listed)}"
        if self.loss or self.kept:
            text += f"; {LOST[self.kept]}: {self.loss or 'the old one'}"
        return text

    @property
    def is_replaced(self) -> bool:
        """Whether another resource takes its place, or may."""
        return self.action in ("replace", "may replace")

    @property
    def causes(self) -> tuple[PropertyChange, ...]:
        """The properties whose change needs, or may need, a new resource."""
        return tuple(each for each in self.properties if each.recreates != "never")

    @property
    def is_revision(self) -> bool:
        """Whether a replacement is what each change of such a resource is."""
        return self.action == "replace" and self.type == "AWS::ECS::TaskDefinition"

    @property
    def follows(self) -> bool:
        """Whether it is replaced only because something that it refers to is."""
        others = (KNOWN_LATER, THE_NEW)
        return (
            self.is_replaced
            and not self.is_revision
            and bool(self.causes)
            and all(each.new.startswith(others) for each in self.causes)
        )

    @property
    def loss(self) -> str:
        """The data, or the like, that the change costs. Empty if it costs none."""
        stays = self.action in ("create", "update")
        return "" if stays else LOSSES.get(self.type, "")


def kept_by(policy: str) -> Kept:
    """Return what AWS keeps by a policy, or by the action that follows from it."""
    return "whole" if "Retain" in policy else "snapshot" if "Snapshot" in policy else ""


def in_order(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """Return changes with what is lost first."""
    order = list(WORDS)
    return tuple(
        sorted(changes, key=lambda each: (not each.loss, order.index(each.action)))
    )


def reject_losses(
    stack: str, changes: Iterable[ResourceChange], allowed: Collection[str] = ()
) -> None:
    """Reject changes that lose data, except those of resources that are named.

    Args:
        stack: Name of the stack.
        changes: Changes of its resources.
        allowed: Logical names of resources that may be lost.

    Raises:
        ClearError: Something is lost that is not named. The message has each resource.
    """
    lost = [each for each in changes if each.loss and each.name not in allowed]
    if lost:
        listed = "\n".join(f"  {each}." for each in lost)
        named = " ".join(f"--lose {each.name}" for each in lost)
        raise ClearError(
            f"The update of {stack} would replace or delete what holds data, or cannot be"
            f" made again as it was. Nothing was changed.\n{listed}\nUndo this in the"
            f" template. If it is meant, save what is needed, then run `apply {named}`."
        )


def property_changes(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    recreates: Callable[[str], Recreates],
) -> Iterator[PropertyChange]:
    """Yield each property of a resource that differs.

    Args:
        before: Current properties, and other attributes such as the policies.
        after: Planned ones.
        recreates: Function that takes a property's path.
    """
    found: dict[str, tuple[str, str]] = {}
    for each in differences(by_name(before), by_name(after)):
        path = FUNCTION.split(each.field, maxsplit=1)[0].removeprefix("Properties.")
        old, new = found.get(path, ("", ""))
        found[path] = (old or each.old, new or each.new)
    for path, values in found.items():
        yield PropertyChange(path, *values, recreates(path))


def by_name(value: Any) -> Any:
    """Return data with its lists of names and values as mappings.

    A container's variable then has its name in its path, which tells whether it is secret.
    """
    if isinstance(value, list):
        pairs = [_pair(each) for each in value]
        if value and all(pairs):
            return {name: each for pair in pairs for name, each in pair.items()}
        return [by_name(each) for each in value]
    if isinstance(value, Mapping):
        return {key: by_name(each) for key, each in value.items()}
    return value


def _pair(value: Any) -> dict[str, Any]:
    """Return a name with its value. Empty for anything else."""
    for key in ("Key", "Name"):
        if isinstance(value, Mapping) and value.keys() == {key, "Value"}:
            return {str(value[key]): by_name(value["Value"])}
    return {}


def _short(value: str) -> str:
    line = " ".join(value.split()) or "none"
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}..."
