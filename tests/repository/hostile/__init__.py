"""Hostile inputs: what a stranger, a server or a slip may put into each place.

Written from the documentation alone, before the code: a table per way in. Each input ends
as a clear error that says where it stood, or is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from dlt.extract.exceptions import ResourceExtractionError


@dataclass(frozen=True)
class Hostile:
    """An input, where it is put, and how it ends."""

    name: str
    """Kind of attack, for the test's name."""
    place: str
    """Flow and parameter, setting, secret or source."""
    value: Any
    error: str | None
    """Pattern of the error's message. None: the input is harmless."""

    def __str__(self) -> str:
        return f"{self.place}: {self.name}"


DEPTH = 100_000
"""Nesting that ends Python's recursion many times over."""
LONG = "x" * 1_000_000


def error_of(call: Callable[[], object]) -> BaseException | None:
    """Return the error in which a call ends, a source's own in place of dlt's."""
    try:
        call()
    except ResourceExtractionError as error:
        return error.__cause__
    except Exception as error:
        return error
    return None


def assert_is_plain(error: BaseException) -> None:
    """Check that a message is short, and can be printed."""
    assert len(str(error)) < 1_000
    assert str(error).isprintable(), str(error)
