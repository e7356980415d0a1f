"""Differences of properties, and which of them CloudFormation makes by a new resource."""

from __future__ import annotations

from typing import Any, Iterator

from tests.cloud.schemas import schema


def recreation_of(kind: str, path: list[str]) -> str:
    """Return whether a property's change needs a new resource, in CloudFormation's words."""
    for word, key in (
        ("Always", "createOnlyProperties"),
        ("Conditionally", "conditionalCreateOnlyProperties"),
    ):
        for pointer in schema(kind).get(key, []):
            wanted = pointer.split("/")[2:]
            if all(part in ("*", name) for part, name in zip(wanted, path)):
                return word
    return "Never"


def recreated(kind: str, before: Any, after: Any) -> bool:
    """Return whether properties differ so that CloudFormation makes a new resource."""
    return any(
        recreation_of(kind, path) == "Always"
        for path, _, _ in differences([], before, after)
    )


def differences(
    path: list[str], one: Any, other: Any
) -> Iterator[tuple[list[str], Any, Any]]:
    """Yield the path of each difference, with both values. None stands for no value."""
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            yield from differences([*path, key], one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list):
        for index in range(max(len(one), len(other))):
            pair = (each[index] if index < len(each) else None for each in (one, other))
            yield from differences([*path, str(index)], *pair)
    else:
        yield path, one, other
