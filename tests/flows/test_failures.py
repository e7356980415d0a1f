"""Every flow that loads ends Failed within seconds, in words, whatever its source raises.

A pipeline that raises the right error is not enough. What a person meets is the flow, which
once followed the causes of such an error round and round until its time was up.
"""

from __future__ import annotations

import importlib
import pkgutil
from datetime import date
from typing import Any, Iterator
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.schemas.objects import State

import flows
from tests.fakes.http_server import Answer, api, serving
from tests.fakes.hubspot import over_the_limit
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates
from tests.fakes.van import Van, activist_code
from tests.samples.change_feed import create_change_feed
from tests.samples.ecb import packaged_csv, with_one_more_day, zipped
from tests.servers.prefect_api import artifacts_of, logs_of

# A run that spins ends as TimedOut instead of Failed.
SECONDS = 60

FLOWS = [each.name for each in pkgutil.iter_modules(flows.__path__)]
# A function that the source calls while it is read, in which there may be a bug.
CODE_OF_SAMPLES = {
    "exchange_rates": "sources.exchange_rates.ecb_history.read_history",
    "hubspot": "sources.hubspot.row_of",
    "open_exchange_rates": "sources.open_exchange_rates.rows_of",
    "products": "sources.products._query",
    "redshift_export": "sources.redshift.rows._arrow_type",
    "van": "sources.van.signups_of_event",
}
# A fork may have removed a sample.
CODE = {flow: code for flow, code in CODE_OF_SAMPLES.items() if flow in FLOWS}
PARAMETERS = {"redshift_export": {"folder": "pets"}}


@pytest.fixture
def ready(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The source that a flow reads, with something to load. `request.param` is the flow."""
    find = request.getfixturevalue
    find("warehouse")
    match request.param:
        case "exchange_rates":
            yield None
        case "hubspot":
            account = find("hubspot")
            account.add("contacts")
            yield account
        case "open_exchange_rates":
            account = OpenExchangeRates()
            monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__APP_ID", APP_ID)
            with serving(account.respond) as server:
                monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__API_URL", server.url)
                yield account
        case "products":
            yield create_change_feed(find("application"), 10)
        case "redshift_export":
            find("local_lake")
            queries = find("queries")
            queries.add("cats", "SELECT 1 AS id")
            yield find("redshift")
        case "van":
            account = Van(activist_codes=[activist_code(1)])
            account.add_event(date(2026, 11, 1), signups=1)
            with serving(account.respond) as server:
                monkeypatch.setenv("SOURCES__VAN__BASE_URL", f"{server.url}/v4/")
                monkeypatch.setenv("SOURCES__VAN__API_KEY", "key")
                monkeypatch.setenv("SOURCES__VAN__DAYS_PER_LOAD", "10000")
                yield account


def run(name: str, **parameters: Any) -> State:
    """Run a flow, which must end long before its own time is up."""
    flow: Flow = getattr(importlib.import_module(f"flows.{name}"), name)
    return flow.with_options(timeout_seconds=SECONDS)(**parameters, return_state=True)


@pytest.mark.parametrize("ready", CODE, indirect=True)
def test_a_bug_in_the_source(prefect_api, ready, request, monkeypatch):
    def buggy(*_: Any, **__: Any) -> None:
        raise KeyError("oops")

    name = request.node.callspec.params["ready"]
    monkeypatch.setattr(CODE[name], buggy)

    state = run(name, **PARAMETERS.get(name, {}))

    assert state.is_failed() and state.name == "Failed"
    assert "oops" in state.message
    assert "KeyError" in lines_of(state)
    assert "Retry" not in lines_of(state)
    # Prefect's own artifact of the result has no key, and is not shown
    published = artifacts_of(run_of(state)).items()
    told = [each["description"] for key, each in published if key]
    assert all(told) and "oops" in "".join(told)


@pytest.mark.parametrize("ready", ["exchange_rates"], indirect=True)
def test_the_warehouse_has_newer_days(prefect_api, ready, monkeypatch):
    csv, later = with_one_more_day(packaged_csv())
    with api(Answer(zipped(csv))) as ecb:
        monkeypatch.setenv("SOURCES__EXCHANGE_RATES__PUBLICATION_URL", ecb.url)
        assert run("exchange_rates", refresh=True).is_completed()

    state = run("exchange_rates")

    assert state.name == "Failed"
    assert f"{later} is missing" in state.message


@pytest.mark.parametrize("ready", ["hubspot"], indirect=True)
def test_hubspots_daily_limit(prefect_api, ready):
    ready.api.trouble = dict.fromkeys(range(100), over_the_limit("DAILY"))

    state = run("hubspot")

    assert state.name == "Failed"
    assert "has used up its API requests of this day" in state.message


@pytest.mark.parametrize("ready", ["open_exchange_rates"], indirect=True)
def test_open_exchange_rates_monthly_limit(prefect_api, ready):
    ready.requests = ready.quota
    day = date(2026, 11, 1)

    state = run("open_exchange_rates", first_day=day, last_day=day)

    assert state.name == "Failed"
    assert "None of these days was fetched" in state.message


PRODUCTS = {
    "no table": ("DROP TABLE {}", "no table raw_data.products that this user may read"),
    "no right": (
        "CREATE ROLE stranger; ALTER DATABASE {1} SET role TO stranger",
        "GRANT SELECT on it",
    ),
    "no key": (
        "ALTER TABLE {0} DROP audit_id; ALTER TABLE {0} ADD audit_id bigint",
        "Column audit_id has no value in some row",
    ),
    "a value that does not fit": (
        "UPDATE {} SET valid_ts = 'infinity'",
        "Column valid_ts has a value that timestamp",
    ),
}


@pytest.mark.parametrize("ready", ["products"], indirect=True)
@pytest.mark.parametrize("change, words", PRODUCTS.values(), ids=PRODUCTS)
def test_the_products_table(prefect_api, ready, change, words):
    ready.query(change.format("raw_data.products", ready.name))

    state = run("products")

    assert state.name == "Failed"
    assert words in state.message


@pytest.mark.parametrize("ready", ["van"], indirect=True)
def test_an_undocumented_signup(prefect_api, ready):
    del ready.signups[0]["person"]

    state = run("van")

    assert state.name == "Failed"
    assert "a signup of event 1001 is not as the API documents it" in state.message


def test_every_flow_that_loads_is_tested():
    loading = {
        name
        for name in FLOWS
        if hasattr(importlib.import_module(f"flows.{name}"), "load_task")
    }
    assert set(CODE) == loading


def run_of(state: State) -> UUID:
    assert state.state_details.flow_run_id
    return state.state_details.flow_run_id


def lines_of(state: State) -> str:
    return "\n".join(log.message for log in logs_of(run_of(state)))
