"""Records of the HubSpot CRM API as rows."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from typing import Any, Callable

from dlt.common.schema.typing import TTableSchemaColumns

from sources.columns import columns_of_types

Row = dict[str, Any]


def columns_of(properties: list[str]) -> TTableSchemaColumns:
    """Return the columns of rows with these properties."""
    return columns_of_types(
        {
            "text": " ".join(["id", *properties]),
            "bool": "archived",
            "timestamp": "created_at updated_at archived_at",
        }
    )


def row_of(record: dict[str, Any], properties: list[str]) -> Row:
    """Return a record of the API as a row.

    Raises:
        TypeError: A field is missing or of another type.
        ValueError: A time is not in ISO format.
    """
    values = record["properties"]
    archived = _expect(bool, "archived", record)
    return {
        # first, so that a property of such a name does not take the place of the id
        **{name: _expect(str | None, name, values) for name in properties},
        "id": _expect(str, "id", record),
        "archived": archived,
        "created_at": _time("createdAt", record),
        "updated_at": _time("updatedAt", record),
        "archived_at": _time("archivedAt", record) if archived else None,
    }


def is_news(row: Row, since: datetime | None) -> bool:
    """Return whether the record may have changed since then.

    The search gives changed records only. Archived ones are listed again each time.
    """
    return since is None or not row["archived"] or row["archived_at"] >= since


def first_time() -> Callable[[str], bool]:
    """Return a test whether an id comes for the first time, with the ids on disk."""
    seen = sqlite3.connect("")
    seen.execute("CREATE TABLE ids (id PRIMARY KEY) WITHOUT ROWID")
    insert = "INSERT OR IGNORE INTO ids VALUES (?)"
    return lambda id_: seen.execute(insert, [id_]).rowcount == 1


def _expect(type_: Any, name: str, values: dict[str, Any]) -> Any:
    if not isinstance(value := values.get(name), type_):
        # without the value, which may be a person's
        raise TypeError(f"{name} is of type {type(value).__name__}")
    return value


def _time(name: str, record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(_expect(str, name, record)).astimezone(timezone.utc)
