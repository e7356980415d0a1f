"""open_exchange_rates, run against a real Prefect server, a fake API and a real lake."""

from __future__ import annotations

import json
from datetime import date

import pytest

from flows.open_exchange_rates import open_exchange_rates
from tests.fakes.http_server import serving
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates
from tests.servers.prefect_api import artifacts_of, logs_of


@pytest.fixture
def api(warehouse, monkeypatch):
    monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__APP_ID", APP_ID)
    with serving(OpenExchangeRates().respond) as server:
        monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__API_URL", server.url)
        yield server


def test_it_appends_a_range_of_days_and_publishes_what_it_loaded(prefect_api, api):
    state = open_exchange_rates(
        first_day=date(1998, 12, 31), last_day=date(1999, 1, 2), return_state=True
    )

    assert state.is_completed()
    run = state.state_details.flow_run_id
    # keys of artifacts are those of pipelines, and a range's pipeline has its days
    (published,) = [
        artifact for key, artifact in artifacts_of(run).items() if "load" in key
    ]
    assert [row["rows"] for row in json.loads(published["data"])] == ["6"]
    assert "no rates of 1998-12-31" in published["description"]
    assert APP_ID not in "\n".join(log.message for log in logs_of(run))


def test_the_latest_rates_twice_are_appended_once(prefect_api, api):
    first = open_exchange_rates(return_state=True)
    second = open_exchange_rates(return_state=True)
    assert first.is_completed() and second.is_completed()
    assert first.result().rows == 6
    rows = {table.name: table.rows for table in second.result().tables}
    assert rows == {"rates": 0, "currencies": 3}
