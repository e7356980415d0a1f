"""Pages of HubSpot's records, and what HubSpot may answer."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from itertools import chain

import pytest
from dlt.extract.exceptions import ResourceExtractionError
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

from sources.hubspot.api import declared_records
from tests.fakes.http_server import json_answer
from tests.fakes.hubspot import TOKEN, HubSpot, over_the_limit
from utils.errors.http import ApiError

MONDAY = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
MORE = {"paging": {"next": {"after": "2", "link": "?"}}}


def client(hubspot: HubSpot) -> RESTClient:
    return RESTClient(hubspot.api.url, auth=BearerTokenAuth(TOKEN))


def read(hubspot: HubSpot, since: datetime | None, name: str = "contacts") -> list[int]:
    """Return the records' ids in the order in which they come."""
    declared = declared_records(client(hubspot), name, ["email"], since)
    try:
        return [int(record["id"]) for record in chain(*declared)]
    except ResourceExtractionError as error:
        raise error.__cause__


def searches(hubspot: HubSpot) -> int:
    return sum(path.endswith("/search") for path in hubspot.api.paths)


def test_the_list_gives_all_and_then_the_archived_ones(hubspot):
    contacts = [hubspot.add("contacts") for _ in range(205)]
    hubspot.archive(contacts[7])
    ids = [contact.id for contact in contacts if not contact.archived]

    assert read(hubspot, since=None) == [*ids, contacts[7].id]

    asked = [(each.method, each.query.get("archived")) for each in hubspot.api.requests]
    assert asked == [("GET", None)] * 3 + [("GET", "true")]


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals"])
def test_the_search_gives_what_was_changed_since(hubspot, kind):
    records = [hubspot.add(kind, at=MONDAY - timedelta(hours=5)) for _ in range(5)]
    hubspot.change(records[1], at=MONDAY)
    hubspot.change(records[3], at=MONDAY - timedelta(milliseconds=1))
    assert read(hubspot, MONDAY, kind) == [records[1].id]


def test_more_than_ten_thousand_records_changed_at_the_same_time(hubspot):
    """HubSpot answers 400 to a page beyond the 10,000th record, as after an import."""
    ids = [hubspot.add("contacts", at=MONDAY).id for _ in range(10_050)]
    assert read(hubspot, MONDAY) == ids
    assert searches(hubspot) == 51


def test_a_record_that_leaves_the_search_hides_no_other(hubspot):
    """Pages that are counted from the first record would hide one."""
    contacts = [hubspot.add("contacts") for _ in range(450)]
    hubspot.meanwhile = lambda _: searches(hubspot) == 2 and hubspot.archive(
        contacts[0]
    )
    ids = [contact.id for contact in contacts]
    assert read(hubspot, MONDAY) == [*ids, contacts[0].id]


def test_a_record_that_is_changed_while_searching_comes_once(hubspot):
    """Sorted by time it would come twice, or push another one away."""
    contacts = [hubspot.add("contacts", at=MONDAY) for _ in range(450)]
    hubspot.meanwhile = lambda _: hubspot.change(contacts[0])
    assert read(hubspot, MONDAY) == [contact.id for contact in contacts]


@pytest.mark.parametrize(
    "pages", [[[3, 2]], [[1, 2], [1, 2]], [[1, 2], []], [["x"]]], ids=str
)
def test_a_search_that_does_not_go_on_by_id_is_refused(hubspot, pages):
    """Records might be missed, or the search would never end."""
    for number, ids in enumerate(pages):
        content = {"results": [{"id": str(id_)} for id_ in ids]}
        hubspot.api.trouble[number] = json_answer(content | MORE)
    with pytest.raises(ApiError, match="contacts/search is not as the API"):
        read(hubspot, MONDAY)


def test_an_empty_page_of_the_list_is_not_its_end(hubspot):
    contacts = [hubspot.add("contacts") for _ in range(2)]
    hubspot.api.trouble[0] = json_answer({"results": []} | MORE)
    assert read(hubspot, since=None) == [contacts[1].id]


@pytest.mark.parametrize("answer", [{}, [], None, {"paging": {}}], ids=str)
def test_an_answer_without_results_is_refused(hubspot, answer):
    """The end of the list is a page without `paging`, and it has results, if none."""
    hubspot.api.trouble[0] = json_answer(answer)
    with pytest.raises(ApiError, match="is not as the API documents it"):
        read(hubspot, since=None)


def test_it_waits_as_long_as_hubspot_asks_for(hubspot):
    hubspot.api.trouble[0] = over_the_limit(Retry_After="1")
    started = time.monotonic()
    assert read(hubspot, since=None) == []
    assert 1 <= time.monotonic() - started < 5


def test_the_daily_limit_is_no_reason_to_wait(hubspot):
    hubspot.api.trouble[0] = over_the_limit("DAILY")
    with pytest.raises(ApiError, match="used up its API requests of this day"):
        read(hubspot, since=None)
    assert len(hubspot.api.requests) == 1
