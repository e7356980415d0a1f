"""HubSpot's pipeline: a fake API into DuckDB, and into PostgreSQL."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from pipelines.hubspot import load_hubspot
from tests.fakes.hubspot import HubSpot
from utils.loading.replacement import SuspiciouslyFewRows

MONDAY = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=timezone.utc)
KINDS = ("contacts", "companies", "deals")
NAMES = "SELECT email, archived FROM dev_hubspot.contacts ORDER BY email"
COMPANIES = (
    "SELECT contact_id, company_id, labels FROM dev_hubspot.contacts__companies"
    " ORDER BY contact_id, company_id"
)

LISTS = Counter(f"v3/objects/{kind}" for kind in KINDS)
SEARCHES = Counter(f"v3/objects/{kind}/search" for kind in KINDS)
LISTS_OF_ARCHIVED = Counter(f"v3/objects/{kind}?archived" for kind in KINDS)
ASSOCIATIONS = Counter(
    f"v4/associations/{pair}/batch/read"
    for pair in ("contacts/companies", "deals/contacts", "deals/companies")
)


def asked(hubspot: HubSpot) -> Counter[str]:
    """Return how often each path was requested since the last call."""
    paths = Counter(
        request.path.removeprefix("/crm/")
        + ("?archived" if "archived" in request.query else "")
        for request in hubspot.api.requests
    )
    hubspot.api.requests.clear()
    return paths


def test_every_record_arrives_as_it_is(hubspot, any_warehouse):
    """Load NULL and empty text, quotes and line breaks."""
    name = 'Ada "A"\nÄ€🪑\\N'
    ada = hubspot.add("contacts", MONDAY, email="", firstname=name, phone="007")
    hubspot.change(ada, MONDAY + timedelta(days=1))
    acme = hubspot.add("companies", MONDAY, name="Acme")
    deal = hubspot.add("deals", MONDAY, dealname="1", amount="12.50", closedate="")
    hubspot.associate("contacts", ada, "companies", acme, "Primary")
    hubspot.associate("deals", deal, "companies", acme)
    hubspot.associate("deals", deal, "contacts", ada, "Decision maker", "Champion")

    report = load_hubspot()

    assert report.rows == 6
    assert any_warehouse.query(
        "SELECT id, email, firstname, lastname, phone, archived, created_at, updated_at,"
        " archived_at FROM dev_hubspot.contacts"
    ) == [
        (
            *(str(ada.id), "", name, None, "007", False),
            *(MONDAY, MONDAY + timedelta(days=1), None),
        )
    ]
    assert any_warehouse.query(COMPANIES) == [(str(ada.id), str(acme.id), "Primary")]
    assert any_warehouse.query(
        "SELECT dealname, amount, closedate, contact_id, c.labels, company_id"
        " FROM dev_hubspot.deals AS d"
        " JOIN dev_hubspot.deals__contacts AS c ON d.id = c.deal_id"
        " JOIN dev_hubspot.deals__companies AS o ON d.id = o.deal_id"
    ) == [("1", "12.50", "", str(ada.id), "Champion, Decision maker", str(acme.id))]


def test_a_second_run_asks_for_what_was_changed_only(hubspot, any_warehouse):
    acme = hubspot.add("companies", MONDAY, name="Acme")
    contacts = [
        hubspot.add("contacts", MONDAY, email=f"{number:03}") for number in range(300)
    ]
    for contact in contacts:
        hubspot.associate("contacts", contact, "companies", acme)
    hubspot.add("contacts", MONDAY + timedelta(days=9), email="latest")
    hubspot.add("deals", MONDAY)

    assert load_hubspot().rows == 301 + 1 + 1 + 300
    # 301 contacts are four pages
    contact_pages = Counter({"v3/objects/contacts": 3})
    assert asked(hubspot) == LISTS + contact_pages + LISTS_OF_ARCHIVED + ASSOCIATIONS
    before = any_warehouse.query(NAMES), any_warehouse.query(COMPANIES)

    # those of the hour before the latest change come once more
    assert load_hubspot().rows == 3
    nine_requests = SEARCHES + LISTS_OF_ARCHIVED + ASSOCIATIONS
    assert asked(hubspot) == nine_requests
    assert (any_warehouse.query(NAMES), any_warehouse.query(COMPANIES)) == before

    hubspot.change(contacts[7], email="new")
    hubspot.links[("contacts", contacts[7].id, "companies")] = {}
    assert load_hubspot().rows == 4
    assert asked(hubspot) == nine_requests
    names, companies = any_warehouse.query(NAMES), any_warehouse.query(COMPANIES)
    assert set(names) == {*before[0], ("new", False)} - {("007", False)}
    assert set(companies) == {*before[1]} - {(str(contacts[7].id), str(acme.id), None)}


def test_an_account_without_records_gives_empty_tables(hubspot, any_warehouse):
    assert load_hubspot().rows == 0
    assert any_warehouse.query(NAMES) == []
    assert any_warehouse.query("SELECT id FROM dev_hubspot.deals") == []
    hubspot.add("contacts", email="a")
    assert load_hubspot().rows == 1
    assert any_warehouse.query(NAMES) == [("a", False)]


def test_archived_records_are_marked(hubspot, any_warehouse):
    acme = hubspot.add("companies", MONDAY)
    a, b, c = (hubspot.add("contacts", MONDAY, email=name) for name in "abc")
    for contact in (a, b, c):
        hubspot.associate("contacts", contact, "companies", acme)
    hubspot.archive(a)
    load_hubspot()
    assert any_warehouse.query(NAMES) == [("a", True), ("b", False), ("c", False)]

    hubspot.archive(b)
    load_hubspot()
    assert any_warehouse.query(NAMES) == [("a", True), ("b", True), ("c", False)]
    assert any_warehouse.query(COMPANIES) == [(str(c.id), str(acme.id), None)]
    archived = "SELECT email FROM dev_hubspot.contacts WHERE archived_at > updated_at"
    assert sorted(any_warehouse.query(archived)) == [("a",), ("b",)]

    b.archived = None
    hubspot.change(b)  # restored
    load_hubspot()
    assert any_warehouse.query(NAMES) == [("a", True), ("b", False), ("c", False)]


def test_records_archived_long_ago_are_not_loaded_again(hubspot, warehouse):
    old = hubspot.add("contacts", MONDAY)
    old.archived = MONDAY
    hubspot.add("contacts", MONDAY + timedelta(days=1))
    assert load_hubspot().rows == 2
    assert load_hubspot().rows == 1


def test_an_archived_record_does_not_move_the_cursor(hubspot, duckdb_warehouse):
    live = hubspot.add("contacts", MONDAY, email="old")
    hubspot.archive(hubspot.add("contacts", MONDAY + timedelta(days=9)))
    load_hubspot()
    hubspot.change(live, MONDAY + timedelta(days=5), email="new")
    load_hubspot()
    assert ("new", False) in duckdb_warehouse.query(NAMES)


def test_a_record_that_comes_twice_is_loaded_once(hubspot, duckdb_warehouse):
    """Send it on two pages, and as a live and as an archived one."""
    hubspot.overlap = 30
    names = [f"{number:03}" for number in range(250)]
    contacts = [hubspot.add("contacts", email=name) for name in names]
    hubspot.meanwhile = lambda request: (
        request.query.get("archived") == "true" and hubspot.archive(contacts[9])
    )
    assert load_hubspot().rows == 250
    assert duckdb_warehouse.query(NAMES) == [(name, False) for name in names]
    load_hubspot()
    assert [row for row in duckdb_warehouse.query(NAMES) if row[1]] == [("009", True)]


def test_a_record_changed_while_it_is_read_comes_with_the_next_load(
    hubspot, duckdb_warehouse, monkeypatch
):
    """Change it after its page was read, and then records of a later page."""
    monkeypatch.setenv("SOURCES__HUBSPOT__LAG_HOURS", "0")
    contacts = [hubspot.add("contacts", MONDAY, email=str(n)) for n in range(250)]

    def change(request) -> None:
        if request.query.get("after") == str(contacts[200].id):
            hubspot.change(contacts[0], email="new")
            time.sleep(0.002)
            hubspot.change(contacts[249])

    hubspot.meanwhile = change
    load_hubspot()
    assert ("new", False) not in duckdb_warehouse.query(NAMES)
    hubspot.meanwhile = lambda request: None
    assert load_hubspot().rows == 2
    assert ("new", False) in duckdb_warehouse.query(NAMES)


def test_a_change_that_the_search_shows_late_comes_with_the_next_load(
    hubspot, duckdb_warehouse
):
    late, prompt = hubspot.add("contacts", MONDAY), hubspot.add("contacts", MONDAY)
    load_hubspot()
    hubspot.change(late, MONDAY + timedelta(hours=5), email="late")
    hubspot.change(prompt, MONDAY + timedelta(hours=5, minutes=59), email="prompt")
    late.indexed = False
    load_hubspot()
    late.indexed = True
    load_hubspot()
    assert duckdb_warehouse.query(NAMES) == [
        ("late", False),
        ("prompt", False),
    ]


def test_a_full_refresh_brings_what_the_search_does_not_show(hubspot, any_warehouse):
    acme = hubspot.add("companies", MONDAY)
    a, b, c = (hubspot.add("contacts", MONDAY, email=name) for name in "abc")
    hubspot.add("contacts", MONDAY + timedelta(days=9), email="latest")
    hubspot.associate("contacts", a, "companies", acme)
    load_hubspot()
    del hubspot.records["contacts"][c.id]  # for good
    hubspot.links.clear()
    hubspot.associate("contacts", b, "companies", acme)
    load_hubspot()
    assert any_warehouse.query(COMPANIES) == [(str(a.id), str(acme.id), None)]

    report = load_hubspot(full_refresh=True)

    assert report.rows == 5
    assert any_warehouse.query(NAMES) == [
        ("a", False),
        ("b", False),
        ("latest", False),
    ]
    assert any_warehouse.query(COMPANIES) == [(str(b.id), str(acme.id), None)]
    asked(hubspot)
    assert load_hubspot().rows == 2
    assert "v3/objects/contacts" not in asked(hubspot)
    assert any_warehouse.query(COMPANIES) == [(str(b.id), str(acme.id), None)]


def test_a_full_refresh_that_brings_few_records_is_refused(hubspot, duckdb_warehouse):
    contacts = [hubspot.add("contacts", MONDAY, email=name) for name in "abcd"]
    load_hubspot()
    for contact in contacts[1:]:
        del hubspot.records["contacts"][contact.id]
    with pytest.raises(SuspiciouslyFewRows, match="1 rows .* the 4 of table contacts"):
        load_hubspot(full_refresh=True)
    assert len(duckdb_warehouse.query(NAMES)) == 4


def test_a_table_dropped_by_hand_is_loaded_anew(hubspot, duckdb_warehouse):
    acme = hubspot.add("companies", MONDAY)
    a, b = (hubspot.add("contacts", MONDAY, email=name) for name in "ab")
    hubspot.add("contacts", MONDAY + timedelta(days=9), email="latest")
    hubspot.associate("contacts", a, "companies", acme)
    load_hubspot()
    names, companies = duckdb_warehouse.query(NAMES), duckdb_warehouse.query(COMPANIES)
    for table in ("contacts__companies", "contacts"):
        duckdb_warehouse.query(f"DROP TABLE dev_hubspot.{table}")
        load_hubspot()
        assert (duckdb_warehouse.query(NAMES), duckdb_warehouse.query(COMPANIES)) == (
            names,
            companies,
        )
