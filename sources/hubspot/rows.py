"""Records of the HubSpot CRM API as rows."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime, timezone
from typing import Any, Callable, Mapping

from dlt.common.schema.typing import TTableSchemaColumns

from sources.columns import columns_of_types
from utils.settings.bounds import wrong_setting

Row = dict[str, Any]

SETTINGS = {
    "contacts": "contact_properties",
    "companies": "company_properties",
    "deals": "deal_properties",
}
NAME = re.compile(r"[\w-]{1,100}", re.ASCII)
MOST_PROPERTIES = 1_000


def require_property_names(properties: Mapping[str, list[str]]) -> None:
    """Reject names that HubSpot gives no property, or more than it lets an object have.

    Args:
        properties: Names of properties by object type.

    Raises:
        ConfigurationError: Names the setting.
    """
    for objects, setting in SETTINGS.items():
        names = properties[objects]
        if len(names) > MOST_PROPERTIES:
            problem = f"has {len(names):,} names"
        elif not all(isinstance(each, str) and NAME.fullmatch(each) for each in names):
            problem = "has a name that no property of HubSpot has"
        else:
            continue
        raise wrong_setting(
            f"sources.hubspot.{setting}",
            problem,
            f"It takes a list of at most {MOST_PROPERTIES:,} internal names, such as"
            ' ["email", "hs_lead_status"].',
        )


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
    time = datetime.fromisoformat(_expect(str, name, record))
    try:
        return time.astimezone(timezone.utc)
    except OverflowError:  # before the year 1, or after 9999
        raise ValueError(f"{name} is in no year that there is") from None
