"""What `python -m blocks` looks after: something on Prefect's server, with its fields."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from prefect.client.orchestration import SyncPrefectClient

from utils.differences import Fields


class Resource(ABC):
    """One that has to be there. A kind of its own is a subclass in a module of its own."""

    kind: ClassVar[str]
    """As people call it: `work pool`, `block`."""
    name: str
    wanted: Fields
    """All its fields. Those that people set by hand, and may keep, are left out."""

    @property
    def usual(self) -> Fields:
        """What a new one would have by itself, which its plan need not show."""
        return {}

    def left_out(self, reason: str) -> LeftOut:
        """What stands in the plan instead of it."""
        return LeftOut(self.kind, self.name, reason)

    @abstractmethod
    def find(self, client: SyncPrefectClient) -> Fields | None:
        """Those fields as they are on the server, None if it is not there.

        Raises:
            ClearError: It can neither be used as it is, nor changed.
        """

    @abstractmethod
    def create(self, client: SyncPrefectClient) -> None:
        """Make it as it is wanted."""

    @abstractmethod
    def update(self, client: SyncPrefectClient) -> None:
        """Give the one that is there all that is wanted, and keep the rest."""


@dataclass(frozen=True)
class LeftOut:
    """One that this team does not have, which is no failure."""

    kind: str
    name: str
    reason: str
