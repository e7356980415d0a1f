"""HubSpot's pipeline when HubSpot fails, refuses, or answers otherwise than documented."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from pipelines.hubspot import load_hubspot
from tests.fakes.http_server import Answer, json_answer
from tests.fakes.hubspot import over_the_limit
from tests.repository.settings import request_timeout
from utils.errors.http import ApiError
from utils.errors.transient import is_worth_retrying

MONDAY = datetime(2026, 3, 2, 12, 0, 0, 123000, tzinfo=timezone.utc)
KINDS = ("contacts", "companies", "deals")
NAMES = "SELECT email, archived FROM dev_hubspot.contacts ORDER BY email"
UPDATED = " UNION ALL ".join(
    f"SELECT '{kind}', updated_at FROM dev_hubspot.{kind}" for kind in KINDS
)
TABLES = "SELECT table_name FROM information_schema.tables"


def test_passing_trouble_is_retried(hubspot, duckdb_warehouse, monkeypatch):
    """Send errors in bursts, limits, answers that break off or are too slow."""
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.2")
    names = [f"{number:03}" for number in range(150)]
    for name in names:
        hubspot.add("contacts", email=name)
    burst = [
        Answer(b"<html>Bad gateway</html>", 502),
        Answer(b'{"results": [{"id": "1", "prop', cut_off=True),
        over_the_limit(),
        Answer(b'{"results": []}', seconds=0.5),
    ]
    for number in range(8):
        # every fifth try succeeds, which is the last one
        hubspot.api.trouble |= dict(enumerate(burst, start=5 * number))

    load_hubspot()

    assert duckdb_warehouse.query(NAMES) == [(name, False) for name in names]
    assert len(hubspot.api.requests) == 8 * 5


def test_an_answer_that_stays_too_slow_is_told_with_the_setting(hubspot, warehouse):
    hubspot.api.trouble = dict.fromkeys(range(9), Answer(b"{}", seconds=0.3))
    with request_timeout(0.1), pytest.raises(ApiError) as error:
        load_hubspot()
    assert "127.0.0.1 sent nothing for 0.1 s" in str(error.value)
    assert "raise request_timeout under [runtime]" in str(error.value)


def test_the_daily_limit_ends_the_run_at_once(hubspot, warehouse):
    """Waiting would not help before midnight, and each try counts."""
    hubspot.api.trouble[0] = over_the_limit("DAILY")
    with pytest.raises(ApiError, match="used up its API requests of this day") as error:
        load_hubspot()
    assert len(hubspot.api.requests) == 1
    assert not is_worth_retrying(error.value)


def test_a_failure_at_any_request_loads_nothing(hubspot, duckdb_warehouse):
    """Keep the cursor, so that the next load brings what this one did not."""
    records = [hubspot.add(kind, MONDAY) for kind in KINDS]
    load_hubspot()
    before = duckdb_warehouse.query(UPDATED)
    for record in records:
        hubspot.change(record)
    busy = json_answer({"status": "error", "message": "Internal error"}, 500)
    for number in (0, 4, 8):
        first = len(hubspot.api.requests) + number
        hubspot.api.trouble = dict.fromkeys(range(first, first + 5), busy)
        with pytest.raises(ApiError, match="500 Internal Server Error: Internal error"):
            load_hubspot()
        assert len(hubspot.api.requests) == first + 5
        assert duckdb_warehouse.query(UPDATED) == before

    load_hubspot()

    assert not set(duckdb_warehouse.query(UPDATED)) & set(before)


def test_a_field_that_changes_its_type_loads_nothing(hubspot, duckdb_warehouse):
    hubspot.add("companies", MONDAY, name="Acme")
    contacts = [hubspot.add("contacts", MONDAY, email=name) for name in "ab"]
    load_hubspot()
    hubspot.change(contacts[0], email="new")
    hubspot.change(contacts[1], email={"value": "b"})
    with pytest.raises(ApiError, match="a record of contacts is not as the API docu"):
        load_hubspot()
    assert duckdb_warehouse.query(NAMES) == [("a", False), ("b", False)]


@pytest.mark.parametrize(
    "answer, said",
    [
        (
            json_answer({"message": "This app hasn't been granted the scopes"}, 403),
            "/crm/v3/objects/contacts was answered 403 Forbidden: This app hasn't been",
        ),
        (json_answer({"message": "No such object"}, 404), "404 Not Found: No such obj"),
        (Answer(b"<html>Moved</html>"), "is not JSON but begins with '<html>Moved"),
    ],
    ids=["403", "404", "HTML"],
)
def test_what_hubspot_refuses_is_said(hubspot, duckdb_warehouse, answer, said):
    hubspot.api.trouble[0] = answer
    with pytest.raises(ApiError) as error:
        load_hubspot()
    assert said in str(error.value)
    assert duckdb_warehouse.query(TABLES) == []


def test_a_wrong_token_is_said_but_not_shown(hubspot, warehouse, monkeypatch, caplog):
    monkeypatch.setenv("SOURCES__HUBSPOT__ACCESS_TOKEN", "pat-eu1-wrong")
    with pytest.raises(
        ApiError, match="401 Unauthorized: Authentication cred"
    ) as error:
        load_hubspot()
    assert "sources.hubspot in .dlt/secrets.toml" in str(error.value)
    assert "pat-eu1" not in f"{error.value} {caplog.text}"
