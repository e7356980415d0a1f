"""Base of the objects on Prefect's server that `python -m blocks` manages."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from blocks.server import Server
from utils.reports.differences import Fields


class ManagedObject(ABC):
    """An object managed on the Prefect server. Each kind of object is a subclass."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The object's kind and name, as a plan shows them."""

    @property
    @abstractmethod
    def wanted(self) -> Fields:
        """The fields as the code declares them, except those that people set by hand."""

    @property
    def defaults(self) -> Fields:
        """The fields of a new object without settings, which a plan does not show."""
        return {}

    @property
    @abstractmethod
    def public_fields(self) -> re.Pattern[str]:
        """Paths of the fields whose old values anyone may read, whoever wrote them."""

    def skipped(self, reason: str) -> SkippedObject:
        """Return the entry that the plan shows in place of the object."""
        return SkippedObject(self.label, reason)

    @abstractmethod
    def find(self, server: Server) -> Fields | None:
        """Return the fields on the server, or None if the object does not exist.

        Raises:
            ClearError: The object on the server can neither be used nor changed.
        """

    @abstractmethod
    def create(self, server: Server) -> None:
        """Create the object."""

    @abstractmethod
    def update(self, server: Server) -> None:
        """Update the object's fields, and keep what people set by hand."""


@dataclass(frozen=True)
class SkippedObject:
    """An object that this team does not use, with the reason. Not a failure."""

    label: str
    reason: str
