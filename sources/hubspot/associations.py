"""Associations of HubSpot's records: contacts, companies and deals that belong together."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Iterable

from dlt.common.schema.typing import TTableSchemaColumns
from dlt.sources.helpers.rest_client.client import raise_for_status

from sources.columns import columns_of_types
from sources.hubspot.api import check_answer
from utils.errors.http import ApiError, as_documented

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client import RESTClient

    from sources.hubspot.rows import Row

# An association is loaded once, with the record that has few of its kind.
ASSOCIATED = {"contacts": ["companies"], "deals": ["contacts", "companies"]}
ID_COLUMNS = {"contacts": "contact_id", "companies": "company_id", "deals": "deal_id"}
# HubSpot's limit of a request.
MOST_RECORDS = 1000
# Far more than the records of one request have. All are in memory at the same time.
MOST_ASSOCIATIONS = 200_000
MOST_REQUESTS = 1_000


def association_columns(name: str) -> dict[str, TTableSchemaColumns]:
    """Return the columns of each nested table of associations."""
    return {
        other: columns_of_types(
            {"text": f"{ID_COLUMNS[name]} {ID_COLUMNS[other]} labels"}
        )
        for other in ASSOCIATED.get(name, [])
    }


def add_associations(client: RESTClient, name: str, rows: list[Row]) -> None:
    """Add their associations to live records, as lists, which become nested tables.

    Args:
        client: Client of HubSpot's API.
        name: Object type of the records, such as `contacts`.
        rows: Rows of at most `MOST_RECORDS` records.
    """
    live = {row["id"]: row for row in rows if not row["archived"]}
    if not live:
        return
    for other in ASSOCIATED.get(name, []):
        for id_, others in associations(client, name, other, live).items():
            live[id_][other] = [
                {ID_COLUMNS[name]: id_, ID_COLUMNS[other]: each, "labels": labels}
                for each, labels in others.items()
            ]


def associations(
    client: RESTClient, name: str, other: str, ids: Iterable[str]
) -> dict[str, dict[str, str | None]]:
    """Return by record id the ids of associated records, with the associations' labels.

    Args:
        client: Client of HubSpot's API.
        name: Object type of the records, such as `deals`.
        other: Object type of the associated records.
        ids: Ids of at most `MOST_RECORDS` records.

    Raises:
        ApiError: An answer is not as documented, or lacks a record.
    """
    path = f"crm/v4/associations/{name}/{other}/batch/read"
    hooks = {"response": [check_answer, raise_for_status]}
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    inputs = [{"id": id_} for id_ in ids]
    for _ in range(MOST_REQUESTS):
        answer = client.post(path, json={"inputs": inputs}, hooks=hooks).json()
        inputs = []
        with as_documented("hubspot", f"the answer of {path}"):
            for error in answer.get("errors", []):
                # said of each record that has no associations
                if error["category"] != "OBJECT_NOT_FOUND":
                    raise ValueError(error["category"])
            for result in answer["results"]:
                id_ = str(result["from"]["id"])
                for to in result["to"]:
                    labels = {each["label"] for each in to["associationTypes"]} - {None}
                    labels_of = found[id_]
                    labels_of[str(to["toObjectId"])] = ", ".join(sorted(labels)) or None
                if "paging" in result:
                    after = result["paging"]["next"]["after"]
                    inputs.append({"id": id_, "after": after})
            if sum(map(len, found.values())) > MOST_ASSOCIATIONS:
                raise ValueError(f"more than {MOST_ASSOCIATIONS:,} associations")
        if not inputs:
            return found
    raise ApiError(
        f"hubspot: the associations of {name} with {other} have no end: {MOST_REQUESTS:,}"
        " pages of at most a thousand records were read. Nothing was loaded. Ask HubSpot."
    )
