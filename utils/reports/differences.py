"""Compares the wanted fields of an object with its current ones."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Callable, Iterator

from pydantic import SecretStr

from utils.redaction.known_secrets import is_secret_name

Fields = dict[str, Any]
"""Nested dicts and lists. A `SecretStr` in them is never shown."""

IsPublic = Callable[[str, str], bool]
ABSENT = object()


@dataclasses.dataclass(frozen=True)
class Difference:
    """A field that differs, with values that anyone may read."""

    field: str
    """The field's path, such as `variables.properties.cpu.default`."""
    old: str
    new: str
    values: tuple[Any, Any] = dataclasses.field(default=(None, None), compare=False)
    """The same as data, None where there is none."""

    def __str__(self) -> str:
        return f"{self.field}: {self.old or 'none'} -> {self.new or 'none'}"


def differences(
    old: Fields, new: Fields, is_public: IsPublic | None = None
) -> tuple[Difference, ...]:
    """Return each field that is added, removed or changed.

    The values of secrets are hidden. So are removed values: somebody may have put a secret
    by hand into a field that is not made for one.

    Args:
        old: Current fields.
        new: Wanted fields.
        is_public: Function that takes a field's path and its old value, and returns whether
            anyone may read that value, even if it is removed.
    """
    before, after = dict(_leaves(old)), dict(_leaves(new))
    for one, other in ((before, after), (after, before)):
        for path in [path for path, value in one.items() if value in ({}, [])]:
            if any(each.startswith(f"{path}.") for each in other):
                del one[path]  # The other side's fields show that this one is empty.
    return tuple(
        _difference(path, before.get(path, ABSENT), after.get(path, ABSENT), is_public)
        for path in dict.fromkeys((*after, *before))
        if not _same(before.get(path, ABSENT), after.get(path, ABSENT))
    )


def revealed(value: Any) -> Any:
    """Return fields with the values of their secrets, to send to Prefect."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: revealed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [revealed(each) for each in value]
    return value


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of each field without fields of its own."""
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
    # JSON distinguishes 0 from false, Python does not.
    return (type(revealed(old)), revealed(old)) == (type(revealed(new)), revealed(new))


def _difference(
    path: str, old: Any, new: Any, is_public: IsPublic | None
) -> Difference:
    if is_secret_name(path.rpartition(".")[2]):
        # somebody wrote a secret where its address belongs
        old, new = _hidden(old), _hidden(new)
    if old is ABSENT:
        return Difference(path, "", _shown(new), (None, _value(new)))
    if isinstance(new, SecretStr):
        hidden = "(secret)", "(secret, differs)"
        return Difference(path, *hidden, hidden)
    shown = is_public(path, _shown(old)) if is_public else new is not ABSENT
    shown = shown and not isinstance(old, SecretStr)
    before, was = (_shown(old), _value(old)) if shown else ("(not shown)",) * 2
    if new is ABSENT:
        return Difference(path, before, "", (was, None))
    return Difference(path, before, _shown(new), (was, _value(new)))


def _hidden(value: Any) -> Any:
    if isinstance(value, str) and not value.startswith("arn:"):
        return SecretStr(value)
    return value


def _value(value: Any) -> Any:
    return "(secret)" if isinstance(value, SecretStr) else value


def _shown(value: Any) -> str:
    shown = _value(value)
    return shown if isinstance(shown, str) else json.dumps(shown)
