"""What a person meets: the flow fails at once, in words, and nothing is loaded."""

from __future__ import annotations

import importlib

import pytest
from prefect import Flow
from prefect.client.schemas.objects import State

from tests.fakes.hostile_server import ENDLESS, Reply, replying
from tests.repository.hostile.memory import takes_less_than
from tests.samples.change_feed import add_change
from tests.servers.prefect_api import logs_of

MOST_MEGABYTES = 250
NOW = "2026-11-01T00:00:00Z"
BOMB = Reply(b" " * 2**16, ENDLESS, zipped=True)
ADDRESSES = {
    "exchange_rates": "SOURCES__EXCHANGE_RATES__PUBLICATION_URL",
    "hubspot": "SOURCES__HUBSPOT__BASE_URL",
    "open_exchange_rates": "SOURCES__OPEN_EXCHANGE_RATES__API_URL",
    "van": "SOURCES__VAN__BASE_URL",
}
SECRETS = {
    "SOURCES__HUBSPOT__ACCESS_TOKEN": "key",
    "SOURCES__OPEN_EXCHANGE_RATES__APP_ID": "key",
    "SOURCES__VAN__API_KEY": "key",
}


def run(name: str, **parameters: object) -> State:
    flow: Flow = getattr(importlib.import_module(f"flows.{name}"), name)
    return flow(**parameters, return_state=True)


def assert_failed_at_once(state: State) -> None:
    assert state.name == "Failed"
    assert len(state.message) < 1_000
    logged = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert not any("Retr" in line for line in logged)


@pytest.mark.parametrize(
    "name",
    [
        "exchange_rates",
        pytest.param("hubspot", marks=pytest.mark.slow),
        pytest.param("open_exchange_rates", marks=pytest.mark.slow),
        pytest.param("van", marks=pytest.mark.slow),
    ],
)
def test_an_answer_without_end(prefect_api, warehouse, local_lake, monkeypatch, name):
    for secret, value in SECRETS.items():
        monkeypatch.setenv(secret, value)
    refresh = {"refresh": True} if name == "exchange_rates" else {}
    with replying(BOMB) as server, takes_less_than(MOST_MEGABYTES):
        monkeypatch.setenv(ADDRESSES[name], server.url)
        state = run(name, **refresh)
    assert_failed_at_once(state)
    assert "answered with more than 8 MiB" in state.message
    assert "sources." in state.message and len(server.paths) == 1


@pytest.mark.slow
def test_a_row_without_end(prefect_api, warehouse, feed):
    add_change(feed, 1, "I", NOW, name="x" * 50 * 2**20)
    state = run("products")
    assert_failed_at_once(state)
    assert "A row has 50 MB, of which 32 are read" in state.message


def test_values_of_a_query_stay_in_its_folder(
    prefect_api, redshift, queries, local_lake
):
    queries.add("cats", "SELECT %(name)s AS name")
    name = "../../../x'; DROP TABLE pets; -- {{ x }}"
    assert run(
        "redshift_export", folder="pets", parameters={"name": name}
    ).is_completed()
    (file,) = local_lake.files()
    assert file.startswith("dev_exports/pets/cats/name=..%2F..%2F..%2Fx%27%3B")

    state = run("redshift_export", folder="pets", parameters={"name": "a\0b"})

    assert_failed_at_once(state)
    assert "The value of the parameter name is too long, or has" in state.message
