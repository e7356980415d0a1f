"""hubspot, run against a real Prefect server, a fake API and a real warehouse."""

from __future__ import annotations

import json

from flows.hubspot import hubspot as flow
from flows.hubspot import load
from tests.fakes.http_server import json_answer
from tests.fakes.hubspot import TOKEN
from tests.servers.duckdb_warehouse import count
from tests.servers.prefect_api import artifacts_of, logs_of


def test_it_loads_and_publishes_what_it_loaded(prefect_api, hubspot, warehouse):
    for name in ("Acme", "Initech"):
        hubspot.add("companies", name=name)
    assert flow(return_state=True).is_completed()
    hubspot.add("companies", name="Umbrella")

    state = flow(full_refresh=True, return_state=True)

    assert state.is_completed()
    assert count(warehouse, "dev_hubspot.companies") == 3
    tables = json.loads(
        artifacts_of(state.state_details.flow_run_id)["dev-hubspot-load"]["data"]
    )
    rows = {table["table"]: table["rows"] for table in tables}
    assert (rows["companies"], rows["contacts"]) == ("3", "0")


def test_an_outage_is_waited_for(prefect_api, hubspot, warehouse, monkeypatch):
    monkeypatch.setattr(load, "retry_delay_seconds", [0, 0, 0])
    hubspot.add("contacts")
    busy = json_answer({"status": "error", "message": "Service unavailable"}, 503)
    hubspot.api.trouble = dict.fromkeys(range(5), busy)

    state = flow(return_state=True)

    assert state.is_completed()
    assert count(warehouse, "dev_hubspot.contacts") == 1
    lines = "\n".join(log.message for log in logs_of(state.state_details.flow_run_id))
    assert "503 Service Unavailable: Service unavailable" in lines
    assert TOKEN not in lines
