"""hello_world, run against a real Prefect server."""

from __future__ import annotations

import platform
from importlib.metadata import version

import pytest

from flows.hello_world import hello_world
from tests.fakes.http_server import Answer, api
from tests.servers.prefect_api import logs_of

ADDRESS = Answer(b"203.0.113.7\n")


@pytest.fixture
def check_ip(monkeypatch):
    with api(ADDRESS) as service:
        monkeypatch.setenv("CHECK_IP_URL", service.url)
        yield service


def messages(state) -> list[str]:
    return [log.message for log in logs_of(state.state_details.flow_run_id)]


def test_it_logs_where_it_runs(prefect_api, check_ip, monkeypatch):
    monkeypatch.setenv("IMAGE_VERSION", "0a1b2c3")

    logged = messages(hello_world(return_state=True))

    assert f"Python {platform.python_version()}" in logged
    assert f"Prefect {version('prefect')}" in logged
    assert f"dlt {version('dlt')}" in logged
    assert "Image 0a1b2c3" in logged
    assert f"Host {platform.node()}" in logged
    assert "Work pool none, run from a command line" in logged
    assert "Outbound IP address 203.0.113.7" in logged


def test_the_expected_address(prefect_api, check_ip, monkeypatch):
    monkeypatch.setenv("EXPECTED_OUTBOUND_IP", "203.0.113.7")
    state = hello_world(return_state=True)
    assert state.is_completed()
    assert "Outbound IP address 203.0.113.7, as expected" in messages(state)


def test_another_address_fails_the_run(prefect_api, check_ip, monkeypatch):
    monkeypatch.setenv("EXPECTED_OUTBOUND_IP", "198.51.100.1")
    state = hello_world(return_state=True)
    assert state.is_failed()
    assert "203.0.113.7, not 198.51.100.1" in state.message


def test_no_address_is_no_failure(prefect_api, monkeypatch):
    monkeypatch.setenv("EXPECTED_OUTBOUND_IP", "198.51.100.1")
    monkeypatch.setenv("CHECK_IP_URL", "http://127.0.0.1:9")
    state = hello_world(return_state=True)
    assert state.is_completed()
    assert "Outbound IP address unknown: the service did not answer" in messages(state)
