"""HubSpot's records as rows, and records that are not what they should be."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from dlt.extract.exceptions import ResourceExtractionError

from sources.hubspot import hubspot_source
from utils.errors.http import ApiError

MONDAY = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=timezone.utc)


def rows(name: str) -> list[dict[str, Any]]:
    try:
        return list(hubspot_source().resources[name])
    except ResourceExtractionError as error:
        raise error.__cause__


def test_a_record_is_a_row_and_its_associations_are_lists(hubspot, monkeypatch):
    monkeypatch.setenv(
        "SOURCES__HUBSPOT__CONTACT_PROPERTIES", '["email", "favorite_food"]'
    )
    company = hubspot.add("companies")
    contact = hubspot.add("contacts", MONDAY, email="a", lastname="not asked for")
    hubspot.associate("contacts", contact, "companies", company, "Primary")
    assert rows("contacts") == [
        {
            "id": str(contact.id),
            "email": "a",
            "favorite_food": None,
            "archived": False,
            "created_at": MONDAY,
            "updated_at": MONDAY,
            "archived_at": None,
            "companies": [
                {
                    "contact_id": str(contact.id),
                    "company_id": str(company.id),
                    "labels": "Primary",
                }
            ],
        }
    ]


def test_a_record_without_associations_costs_no_request_for_each(hubspot):
    for _ in range(1_500):
        hubspot.add("deals")
    assert len(rows("deals")) == 1_500
    # 15 pages of the list, one of archived ones, two times two batches
    assert len(hubspot.api.requests) == 15 + 1 + 2 * 2


@pytest.mark.parametrize(
    "change, said",
    [
        ({"id": 1}, "id is of type int"),
        ({"archived": "false"}, "archived is of type str"),
        ({"properties": {"email": {"value": "a@b.example"}}}, "email is of type dict"),
        ({"properties": None}, "NoneType"),
        ({"updatedAt": "yesterday"}, "'yesterday'"),
        ({"createdAt": None}, "createdAt is of type NoneType"),
        ({"archived": True}, "archivedAt is of type NoneType"),
    ],
    ids=str,
)
def test_a_field_of_another_type_is_refused(hubspot, change, said):
    hubspot.add("contacts")
    hubspot.distort = lambda record: record.update(change)
    with pytest.raises(ApiError, match="a record of contacts is not as") as error:
        rows("contacts")
    assert said in str(error.value)
    assert "a@b.example" not in str(error.value)
