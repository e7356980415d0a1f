"""Associations of HubSpot's records."""

from __future__ import annotations

import pytest
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from sources.hubspot.associations import (
    add_associations,
    association_columns,
    associations,
)
from tests.fakes.http_server import json_answer
from tests.fakes.hubspot import TOKEN, HubSpot, over_the_limit
from utils.errors.http import ApiError


def client(hubspot: HubSpot) -> RESTClient:
    return RESTClient(hubspot.api.url, auth=BearerTokenAuth(TOKEN))


def test_live_records_get_theirs_as_lists(hubspot):
    contact, archived = hubspot.add("contacts"), hubspot.add("contacts")
    company = hubspot.add("companies")
    hubspot.associate("contacts", contact, "companies", company, "Primary")
    rows = [
        {"id": str(contact.id), "archived": False},
        {"id": str(archived.id), "archived": True},
    ]

    add_associations(client(hubspot), "contacts", rows)

    (link,) = rows[0]["companies"]
    assert link == {
        "contact_id": str(contact.id),
        "company_id": str(company.id),
        "labels": "Primary",
    }
    assert set(association_columns("contacts")["companies"]) == set(link)
    assert "companies" not in rows[1]
    (request,) = hubspot.api.requests
    assert request.json == {"inputs": [{"id": str(contact.id)}]}


def test_without_live_records_nothing_is_asked(hubspot):
    add_associations(client(hubspot), "deals", [{"id": "1", "archived": True}])
    add_associations(client(hubspot), "companies", [{"id": "1", "archived": False}])
    assert hubspot.api.requests == []


def test_the_daily_limit_is_no_reason_to_wait(hubspot):
    hubspot.api.trouble[0] = over_the_limit("DAILY")
    with pytest.raises(ApiError, match="used up its API requests of this day"):
        associations(client(hubspot), "contacts", "companies", ["1"])
    assert len(hubspot.api.requests) == 1


def test_associations_of_each_record(hubspot):
    deal, other_deal, lonely_deal = (hubspot.add("deals") for _ in range(3))
    company, other_company = (hubspot.add("companies") for _ in range(2))
    hubspot.associate("deals", deal, "companies", company, "Primary", "Billing")
    hubspot.associate("deals", deal, "companies", other_company)
    hubspot.associate("deals", other_deal, "companies", company)

    ids = [str(each.id) for each in (deal, other_deal, lonely_deal)]
    found = associations(client(hubspot), "deals", "companies", ids)

    assert found == {
        str(deal.id): {
            str(company.id): "Billing, Primary",
            str(other_company.id): None,
        },
        str(other_deal.id): {str(company.id): None},
    }
    assert len(hubspot.api.requests) == 1


def test_many_associations_come_in_pages(hubspot):
    hubspot.associations_per_page = 3
    deal, other_deal = hubspot.add("deals"), hubspot.add("deals")
    contacts = [hubspot.add("contacts") for _ in range(7)]
    for contact in contacts:
        hubspot.associate("deals", deal, "contacts", contact)
    hubspot.associate("deals", other_deal, "contacts", contacts[0])

    ids = [str(deal.id), str(other_deal.id)]
    found = associations(client(hubspot), "deals", "contacts", ids)

    assert list(found[str(deal.id)]) == [str(contact.id) for contact in contacts]
    assert list(found[str(other_deal.id)]) == [str(contacts[0].id)]
    assert len(hubspot.api.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [], "errors": [{"category": "RATE_LIMITS"}]},
        {"results": [{"from": {"id": "1"}, "to": [{"id": "2"}]}]},
        {"status": "COMPLETE"},
    ],
    ids=str,
)
def test_associations_that_are_not_all_there_are_refused(hubspot, answer):
    hubspot.api.trouble[0] = json_answer(answer, 207)
    with pytest.raises(ApiError, match="contacts/companies/batch/read is not as"):
        associations(client(hubspot), "contacts", "companies", ["1"])


def endless(hubspot: HubSpot, *others: int) -> None:
    """Answer each request with these records, and with a next page."""
    to = [{"toObjectId": other, "associationTypes": []} for other in others]
    after = {"next": {"after": "7"}}
    result = {"from": {"id": "1"}, "to": to, "paging": after}
    hubspot.api.trouble = dict.fromkeys(range(100), json_answer({"results": [result]}))


def test_pages_of_associations_without_end(hubspot, monkeypatch):
    monkeypatch.setattr("sources.hubspot.associations.MOST_REQUESTS", 5)
    endless(hubspot, 2)
    with pytest.raises(ApiError, match="deals with contacts have no end: 5 pages"):
        associations(client(hubspot), "deals", "contacts", ["1"])
    assert len(hubspot.api.requests) == 5


def test_more_associations_than_the_memory_holds(hubspot, monkeypatch):
    monkeypatch.setattr("sources.hubspot.associations.MOST_ASSOCIATIONS", 2)
    endless(hubspot, 2, 3, 4)
    with pytest.raises(ApiError, match="more than 2 associations"):
        associations(client(hubspot), "deals", "contacts", ["1"])
