"""exchange_rates, run against a real Prefect server into a temporary warehouse."""

from __future__ import annotations

import json

from flows.exchange_rates import exchange_rates
from tests.fakes.http_server import Answer, api
from tests.servers.duckdb_warehouse import count
from tests.servers.prefect_api import artifacts_of, logs_of


def test_it_loads_and_publishes_what_it_loaded(prefect_api, warehouse):
    state = exchange_rates(return_state=True)

    assert state.is_completed()
    rows = count(warehouse)
    assert rows > 200_000
    run = state.state_details.flow_run_id
    artifacts = artifacts_of(run)
    assert artifacts["exchange-rates-progress"]["data"] == 100
    published = artifacts["dev-exchange-rates-load"]
    (table,) = json.loads(published["data"])
    assert (table["table"], table["rows"]) == ("exchange_rates", f"{rows:,}")
    assert (table["size"], table["schema changes"]) == ("1.5 MB", "new table")
    headline, *lines = published["description"].splitlines()
    assert headline.startswith(f"**Loaded {rows:,} rows into dev_exchange_rates in ")
    assert lines[-4:] == [
        "- schema changes of exchange_rates, new table:",
        "    - date (date)",
        "    - currency (text)",
        "    - rate (decimal)",
    ]
    assert f"Extract: {rows:,} rows" in "\n".join(log.message for log in logs_of(run))


def test_a_faulty_publication_fails_the_run(prefect_api, warehouse, monkeypatch):
    with api(Answer(b"<html>Maintenance</html>")) as ecb:
        monkeypatch.setenv("SOURCES__EXCHANGE_RATES__PUBLICATION_URL", ecb.url)
        state = exchange_rates(refresh=True, return_state=True)

    assert state.is_failed()
    assert f"{ecb.url}: is not a whole ZIP archive" in state.message
    artifacts = artifacts_of(state.state_details.flow_run_id)
    assert "dev-exchange-rates-load" not in artifacts
