"""Contacts, companies and deals of a HubSpot account, as a dlt source.

The first load lists all records, later ones search for those that were changed since.
Archived records are listed each time, because the search does not know them.

- `api`: requests for pages of records, and what HubSpot may answer.
- `rows`: a record of the API as a row.
- `associations`: which records belong together, as lists within the rows.
"""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import chain, islice
from typing import Any, Iterable, Iterator

import dlt
from dlt.sources import DltResource
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from sources.http.source_client import SourceClient
from sources.hubspot.api import declared_records
from sources.hubspot.associations import (
    MOST_RECORDS,
    add_associations,
    association_columns,
)
from sources.hubspot.rows import (
    Row,
    columns_of,
    first_time,
    is_news,
    require_property_names,
    row_of,
)
from sources.lag import lag_of, start_before
from utils.errors.http import as_documented
from utils.promises.declared import promise
from utils.settings.bounds import checked_token

CURSOR = "updated_at"
SETTINGS = "sources.hubspot"


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
    """Return `contacts`, `companies` and `deals`, with nested tables of associations.

    Args:
        full_refresh: List all records, and replace what was loaded of them.
        base_url: Address of the API.
        lag_hours: Hours before the latest change where the next load begins, for changes
            that the search shows late.
        contact_properties: Properties of contacts to load, all as text.
        company_properties: Properties of companies to load.
        deal_properties: Properties of deals to load.
        access_token: Token of a private app that may read these three objects.
    """
    http = SourceClient(base_url, f"{SETTINGS}.base_url", raise_for_status=False)
    token = checked_token(f"{SETTINGS}.access_token", access_token)
    client = RESTClient(base_url, auth=BearerTokenAuth(token), session=http.session)
    lag = lag_of(f"{SETTINGS}.lag_hours", lag_hours)
    started = datetime.now(timezone.utc)
    properties = {
        "contacts": contact_properties,
        "companies": company_properties,
        "deals": deal_properties,
    }
    require_property_names(properties)

    def records(name: str) -> Iterator[Any]:
        state = dlt.current.resource_state()
        latest: datetime | None = None if full_refresh else state.get(CURSOR)
        since = start_before(latest, lag)
        if since is None:
            # creates the table, even if there are no rows yet
            yield dlt.mark.with_hints(
                dlt.mark.materialize_table_schema(),
                dlt.mark.make_hints(write_disposition="replace"),
            )
        for rows in _changed_rows(client, name, properties[name], since):
            yield rows
            times = [row[CURSOR] for row in rows if not row["archived"]]
            latest = max(filter(None, (latest, *times)), default=None)
        if latest:
            # What was changed after the start may have been read before.
            state[CURSOR] = min(latest, started)

    return [
        promise(
            dlt.resource(
                records,
                name=name,
                primary_key="id",
                # unlike an upsert it also deletes the associations that are no more
                write_disposition={"disposition": "merge", "strategy": "delete-insert"},
                columns=columns_of(names),
                nested_hints={
                    other: dlt.mark.make_nested_hints(columns=columns)
                    for other, columns in association_columns(name).items()
                },
            )(name),
            rows=True,
        )
        for name, names in properties.items()
    ]


def _changed_rows(
    client: RESTClient, name: str, properties: list[str], since: datetime | None
) -> Iterator[list[Row]]:
    """Yield each changed record once, with its associations."""
    is_first = first_time()
    records = chain(*declared_records(client, name, properties, since))
    # rows at once: a record may have much more than the properties
    found = _rows(records, name, properties)
    news = (row for row in found if is_news(row, since) and is_first(row["id"]))
    while rows := list(islice(news, MOST_RECORDS)):
        add_associations(client, name, rows)
        yield rows


def _rows(records: Iterable[Any], name: str, properties: list[str]) -> Iterator[Row]:
    for record in records:
        with as_documented("hubspot", f"a record of {name}"):
            row = row_of(record, properties)
        yield row
