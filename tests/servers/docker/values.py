"""Values of a Compose file: durations, sizes, commands, lists that are also maps."""

from __future__ import annotations

import re
import shlex
from typing import Any

from tests.servers.docker.errors import ComposeError

SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def duration(value: Any, where: str) -> float:
    """Return a duration such as `1m30s` in seconds."""
    if value in (0, "0"):
        return 0.0
    if not re.fullmatch(r"(\d+(\.\d+)?(us|ms|s|m|h|d))+", str(value)):
        raise ComposeError(f"{where}: invalid duration {value!r}")
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d)", str(value))
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def size(value: Any, where: str) -> int:
    """Return a size such as `512m` in bytes."""
    found = re.fullmatch(r"(\d+)\s*(?:([bkmg])b?)?", str(value).lower())
    if not found or isinstance(value, bool):
        raise ComposeError(f"{where}: invalid size {value!r}")
    return int(found[1]) * BYTES[found[2] or "b"]


def boolean(value: Any, where: str) -> bool:
    """Return a boolean, also one that came from a variable."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ComposeError(f"{where} must be a boolean")
    return value


def integer(value: Any, where: str) -> int:
    """Return a whole number, also one that came from a variable."""
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise ComposeError(f"{where} must be an integer")
    return int(value)


def text(value: Any, where: str) -> str:
    """Return a text; a number is written out, where Compose takes one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ComposeError(f"{where} must be a string")
    return str(value)


def texts(value: Any, where: str) -> list[str]:
    """Return a list of texts; a single text is a list of one."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise ComposeError(f"{where} must be a list")
    return [text(each, where) for each in value]


def command(value: Any, where: str) -> list[str] | None:
    """Return a command; None if it is the image's."""
    if value is None:
        return None
    if isinstance(value, str):
        return shlex.split(value)
    return texts(value, where)


def pairs(value: Any, where: str, separator: str = "=") -> dict[str, Any]:
    """Return a map or a list of `name=value`; None for a name without value."""
    if isinstance(value, list):
        split = [text(each, where).partition(separator) for each in value]
        return {name: v if found else None for name, found, v in split}
    if not isinstance(value, dict):
        raise ComposeError(f"{where} must be a mapping or a list")
    return {name: scalar(each, f"{where}.{name}") for name, each in value.items()}


def scalar(value: Any, where: str) -> Any:
    """Return a value of an environment as the text that the process gets."""
    if value is None:
        return None
    if hasattr(value, "mapped"):  # !reset
        return value.mapped(lambda inner: scalar(inner, where))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        raise ComposeError(f"{where}: quote {value}: its digits may change")
    return text(value, where)


def only(value: Any, where: str, *known: str) -> dict[str, Any]:
    """Return a map that has no other keys than the known ones."""
    if not isinstance(value, dict):
        raise ComposeError(f"{where} must be a mapping")
    for key in value:
        if key not in known and not str(key).startswith("x-"):
            raise ComposeError(f"{where}: additional properties '{key}' not allowed")
    return {key: each for key, each in value.items() if not str(key).startswith("x-")}
