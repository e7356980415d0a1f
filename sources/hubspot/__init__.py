"""Contacts, companies and deals of a HubSpot account, as a dlt source.

The first load lists all records, later ones search for those that were changed since.
Archived records are listed each time, because the search does not know them.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta, timezone
from itertools import chain, islice
from typing import Any, Callable, Iterator

import dlt
from dlt.sources import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from sources.columns import columns_of_types
from sources.hubspot.api import associations, declared_records
from utils.errors.http import as_documented

ID_COLUMNS = {"contacts": "contact_id", "companies": "company_id", "deals": "deal_id"}
# An association stands once, with the record that has few of its kind.
ASSOCIATED = {"contacts": ["companies"], "deals": ["contacts", "companies"]}
CURSOR = "updated_at"


@dlt.source(name="hubspot", root_key=True, max_table_nesting=1)
def hubspot_source(
    full_refresh: bool = False,
    base_url: str = dlt.config.value,
    lag_hours: float = dlt.config.value,
    contact_properties: list[str] = dlt.config.value,
    company_properties: list[str] = dlt.config.value,
    deal_properties: list[str] = dlt.config.value,
    access_token: str = dlt.secrets.value,
) -> list[DltResource]:
    """Resources `contacts`, `companies` and `deals`, with nested tables of associations.

    Args:
        full_refresh: List all records, and replace what was loaded of them.
        base_url: The API's address (`.dlt/config.toml`).
        lag_hours: How far behind the latest change the next load begins again, for
            changes that the search shows late.
        contact_properties: Those to load, all as text.
        company_properties: Likewise.
        deal_properties: Likewise.
        access_token: Of a private app that may read the three kinds.
    """
    client = RESTClient(base_url, auth=BearerTokenAuth(access_token))
    started = datetime.now(timezone.utc)
    properties = {
        "contacts": contact_properties,
        "companies": company_properties,
        "deals": deal_properties,
    }

    def records(name: str) -> Iterator[Any]:
        state = dlt.current.resource_state()
        latest: datetime | None = None if full_refresh else state.get(CURSOR)
        since = latest and latest - timedelta(hours=lag_hours)
        if since is None:
            # The table is there from now on, even if it has no rows yet.
            yield dlt.mark.with_hints(
                dlt.mark.materialize_table_schema(),
                dlt.mark.make_hints(write_disposition="replace"),
            )
        is_first = _first_time()
        found = chain(*declared_records(client, name, properties[name], since))
        # as many as one request for associations may name
        while batch := list(islice(found, 1000)):
            with as_documented("hubspot", f"a record of {name}"):
                rows = [_row(record, properties[name]) for record in batch]
            rows = [row for row in rows if _is_news(row, since) and is_first(row["id"])]
            live = {row["id"]: row for row in rows if not row["archived"]}
            _associate(client, name, live)
            yield rows
            times = [latest, *(row[CURSOR] for row in live.values())]
            latest = max(filter(None, times), default=None)
        if latest:
            # What was changed after the start may have been read before.
            state[CURSOR] = min(latest, started)

    return [
        dlt.resource(
            records,
            name=name,
            primary_key="id",
            # unlike an upsert it also deletes the associations that are no more
            write_disposition={"disposition": "merge", "strategy": "delete-insert"},
            columns=columns_of_types(
                text=" ".join(["id", *properties[name]]),
                bool="archived",
                timestamp="created_at updated_at archived_at",
            ),
            nested_hints={
                other: {
                    "columns": columns_of_types(
                        text=f"{id_} {ID_COLUMNS[other]} labels"
                    )
                }
                for other in ASSOCIATED.get(name, [])
            },
        )(name)
        for name, id_ in ID_COLUMNS.items()
    ]


def _row(record: dict[str, Any], properties: list[str]) -> dict[str, Any]:
    def expect(type_: Any, name: str, values: dict[str, Any] = record) -> Any:
        if not isinstance(value := values.get(name), type_):
            # without the value, which may be a person's
            raise TypeError(f"{name} is of type {type(value).__name__}")
        return value

    def time(name: str) -> datetime:
        return datetime.fromisoformat(expect(str, name)).astimezone(timezone.utc)

    values = record["properties"]
    archived = expect(bool, "archived")
    return {
        # first, so that a property of such a name does not take the place of the id
        **{name: expect(str | None, name, values) for name in properties},
        "id": expect(str, "id"),
        "archived": archived,
        "created_at": time("createdAt"),
        "updated_at": time("updatedAt"),
        "archived_at": time("archivedAt") if archived else None,
    }


def _is_news(row: dict[str, Any], since: datetime | None) -> bool:
    """Not so a record that was archived before: it is listed again each time."""
    return since is None or not row["archived"] or row["archived_at"] >= since


def _first_time() -> Callable[[str], bool]:
    """A test whether an id comes for the first time, with the ids on disk."""
    seen = sqlite3.connect("")
    seen.execute("CREATE TABLE ids (id PRIMARY KEY) WITHOUT ROWID")
    insert = "INSERT OR IGNORE INTO ids VALUES (?)"
    return lambda id_: seen.execute(insert, [id_]).rowcount == 1


def _associate(client: RESTClient, name: str, live: dict[str, dict[str, Any]]) -> None:
    """Add its associations to each row, as lists, which become nested tables."""
    for other in ASSOCIATED.get(name, []) if live else []:
        for id_, others in associations(client, name, other, live).items():
            live[id_][other] = [
                {ID_COLUMNS[name]: id_, ID_COLUMNS[other]: each, "labels": labels}
                for each, labels in others.items()
            ]
