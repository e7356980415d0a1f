"""What a secret of the vault holds: a table of values, or one value."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from utils.aws.secret_errors import VaultError


def secret_content(text: str, name: str, path: tuple[str, ...]) -> Any:
    """JSON and TOML become a table, anything else is the value itself.

    Args:
        name: the secret's, for errors.
        path: where the content stands. It may repeat it, as dlt's own provider wants it:
            `[sources.hubspot]` in the secret `dlt/sources/hubspot`.

    Raises:
        VaultError: it cannot be read. Its text is never in the message.
    """
    table = _table(text, name)
    if table is not None:
        return _with_dlts_names(_below(path, table))
    if len(path) == 2:
        raise VaultError(
            f"The secret {name} is neither a JSON object nor TOML. Nothing was loaded. A"
            f" single value stands in a secret of its own, {name}/<key>."
        )
    if not text.strip():
        raise VaultError(f"The secret {name} is empty. Nothing was loaded.")
    return text.strip()  # a file that was uploaded ends with a line break


def _table(text: str, name: str) -> dict[str, Any] | None:
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise VaultError(
                f"The secret {name} begins like JSON and is none: {error.msg}, line"
                f" {error.lineno}, column {error.colno}. Nothing was loaded."
            ) from None  # the cause holds the text
    try:
        return tomllib.loads(text) or None
    except tomllib.TOMLDecodeError:
        return None


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
    """RDS, which writes such secrets itself, calls the database `dbname`."""
    if isinstance(content, dict) and "dbname" in content:
        return {"database": content["dbname"], **content}
    return content
