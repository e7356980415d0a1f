"""Time of a module's own, in which weeks pass in seconds."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, tzinfo
from types import ModuleType
from typing import Any, Iterator
from unittest.mock import patch


@contextmanager
def clock(module: ModuleType, now: datetime) -> Iterator[None]:
    """Let a module have a time of its own."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return now

    with patch.object(module, "datetime", Clock):
        yield
