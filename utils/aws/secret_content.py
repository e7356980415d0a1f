"""Content of a secret: a table of values, or one value."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from utils.errors import ClearError
from utils.redaction.known_secrets import remember_secrets

# Credentials in dlt's sections have five levels.
MOST_DEPTH = 20
# TOML's reader takes memory in proportion to the square of a dotted key's parts: 60 kB of
# `a.a.a...`, less than AWS allows, would take gigabytes.
MOST_DOTS_IN_A_LINE = 100


class SecretError(ClearError):
    """A secret's content is malformed. Its text is never in the message."""


def one_value(text: str, name: str) -> str:
    """Return the one value of a secret: a plain text, or a table with one text.

    AWS's console writes `{"<key>": "<value>"}` even for one value.

    Args:
        text: Content of the secret.
        name: Name of the secret, for errors.

    Raises:
        SecretError: The table is malformed, or has no or several values.
    """
    table = _table(text, name)
    if table is None:
        return text.strip()
    values = list(table.values())
    if len(values) != 1 or not isinstance(values[0], str):
        raise SecretError(
            f"The secret {name} is not one value. Nothing was done. Store it as plain"
            " text."
        )
    return values[0].strip()


def dlt_value(text: str, name: str, path: tuple[str, ...]) -> Any:
    """Return what dlt finds at a path: a table from JSON or TOML, or one value.

    Args:
        text: Content of the secret.
        name: Name of the secret, for errors.
        path: dlt's sections and key. The content may repeat it, as dlt's own provider
            wants it: `[sources.hubspot]` in the secret `dlt/sources/hubspot`.

    Raises:
        SecretError: The content is malformed.
    """
    table = _table(text, name)
    if table is not None:
        return _with_dlts_names(_below(path, table))
    if len(path) == 2:
        raise SecretError(
            f"The secret {name} is neither a JSON object nor TOML. Nothing was done. A"
            f" single value belongs in a secret of its own, {name}/<key>."
        )
    return text.strip()  # a file that was uploaded ends with a line break


def remember_content(text: str, name: str) -> None:
    """Keep a secret's content out of all that this process publishes."""
    try:
        table = _table(text, name)
    except SecretError:
        table = None
    remember_secrets(text if table is None else table)


def _table(text: str, name: str) -> dict[str, Any] | None:
    """Return the content of JSON or TOML, None if the text is neither."""
    table = _json(text, name) if text.lstrip().startswith("{") else _toml(text)
    _require_usable(table, name)
    return table


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{error.msg}, line {error.lineno}, column {error.colno}"
    except RecursionError:
        problem = "nested too deeply"
    except ValueError:
        problem = "a number has too many digits"
    # without a cause, which holds the text
    raise SecretError(
        f"The secret {name} begins like JSON, but is malformed: {problem}. Nothing was"
        " done. Store it again as a flat JSON object, or as plain text."
    )


def _toml(text: str) -> dict[str, Any] | None:
    if any(line.count(".") > MOST_DOTS_IN_A_LINE for line in text.splitlines()):
        return None
    try:
        return tomllib.loads(text) or None
    except (ValueError, RecursionError):  # too many digits, too deep
        return None


def _require_usable(content: Any, name: str) -> None:
    """Reject a depth that no credentials have, and text that no server takes."""
    waiting = [(content, "", 0)]
    while waiting:
        value, key, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise SecretError(
                f"The secret {name} is nested more than {MOST_DEPTH} levels deep. Nothing"
                " was done. Store it again as a flat JSON object, or as plain text."
            )
        if isinstance(value, dict):
            waiting += [(each, str(k), depth + 1) for k, each in value.items()]
        elif isinstance(value, list):
            waiting += [(each, key, depth + 1) for each in value]
        elif isinstance(value, str) and not _is_text(value):
            raise SecretError(
                f"The value of {key[:40]!r} in the secret {name} has a NUL, or half of a"
                " character. Nothing was done. Store it again."
            )


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON's "\ud800"
        return False
    return "\0" not in value


def _below(path: tuple[str, ...], table: dict[str, Any]) -> Any:
    if len(path) == 3 and list(table) == [path[-1]]:
        return table[path[-1]]  # AWS's console writes one value, too, as a table
    part: Any = table
    for name in path:
        if not isinstance(part, dict) or name not in part:
            return table
        part = part[name]
    return part


def _with_dlts_names(content: Any) -> Any:
    """Add dlt's name of the database to a secret of RDS, which calls it `dbname`."""
    if isinstance(content, dict) and "dbname" in content:
        return {"database": content["dbname"], **content}
    return content
