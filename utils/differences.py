"""The one place where what is wanted is compared with what is there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from pydantic import SecretStr

Fields = dict[str, Any]
"""Nested dicts and lists. A `SecretStr` in them is never shown."""

ABSENT = object()
Told = Callable[[str, str], bool]


@dataclass(frozen=True)
class Difference:
    """A field that is not as it has to be, in words that may be read by anyone."""

    field: str
    """Its path, as `variables.properties.cpu.default`."""
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.field}: {self.old or 'none'} -> {self.new or 'none'}"


def differences(
    old: Fields, new: Fields, told: Told | None = None
) -> tuple[Difference, ...]:
    """Each field that is new, gone or another.

    A secret only differs. So does what would be taken away: whoever put it there by hand
    may have put a secret there, in a place that is not made for one.

    Args:
        old: as it is.
        new: as it becomes.
        told: Says of a path and its old value whether everyone may read that, be it taken
            away or another.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    for one, other in ((before, after), (after, before)):
        for path in [path for path, value in one.items() if value in ({}, [])]:
            if any(each.startswith(f"{path}.") for each in other):
                del one[path]  # what it has not, the other tells
    return tuple(
        _difference(path, before.get(path, ABSENT), after.get(path, ABSENT), told)
        for path in dict.fromkeys((*after, *before))
        if not _same(before.get(path, ABSENT), after.get(path, ABSENT))
    )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each field that holds no others, by its path."""
    parts: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, (list, tuple)):
        parts = list(enumerate(value))
    if not parts and path:
        yield path, value
    for key, part in parts:
        yield from _leaves(part, f"{path}.{key}" if path else str(key))


def _same(old: Any, new: Any) -> bool:
    # JSON tells 0 from false, Python does not
    return (type(revealed(old)), revealed(old)) == (type(revealed(new)), revealed(new))


def _difference(path: str, old: Any, new: Any, told: Told | None) -> Difference:
    if old is ABSENT:
        return Difference(path, "", _shown(new))
    if isinstance(new, SecretStr):
        return Difference(path, "(secret)", "(secret, differs)")
    is_told = told(path, _shown(old)) if told else new is not ABSENT
    before = _shown(old) if is_told else "(not shown)"
    return Difference(path, before, "" if new is ABSENT else _shown(new))


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "(secret)"
    return value if isinstance(value, str) else json.dumps(value)


def revealed(value: Any) -> Any:
    """The fields with their secrets, for Prefect alone."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: revealed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [revealed(each) for each in value]
    return value
