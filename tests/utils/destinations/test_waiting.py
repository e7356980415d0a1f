"""The wait for whoever holds a destination: bounded, and announced once."""

from __future__ import annotations

import pytest

from utils.destinations import waiting
from utils.destinations.waiting import DestinationHeld, wait_until_free
from utils.errors.transient import is_worth_retrying


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(waiting, "SECONDS_BETWEEN_ATTEMPTS", 0.001)


def test_a_free_destination_is_taken_at_once(caplog):
    wait_until_free("a.duckdb", lambda: None, "Close it.")
    assert caplog.records == []


def test_a_holder_that_lets_go_is_named_once_a_minute(caplog, monkeypatch):
    holders = ["process 1", "process 1", None]
    wait_until_free("a.duckdb", lambda: holders.pop(0), "Close it.")
    assert holders == []
    (record,) = caplog.records
    assert record.message == (
        "a.duckdb is held by process 1; waiting, at most 0 s more. Close it."
    )
    monkeypatch.setattr(waiting, "SECONDS_BETWEEN_WARNINGS", 0)
    holders = ["process 1", "process 1", None]
    wait_until_free("a.duckdb", lambda: holders.pop(0), "Close it.")
    assert len(caplog.records) == 3


def test_a_holder_that_stays_is_an_error():
    with pytest.raises(DestinationHeld) as error:
        wait_until_free("a.duckdb", lambda: "process 1", "Close it.")
    assert str(error.value) == (
        "a.duckdb is held by process 1, for longer than 0 s. Nothing was loaded."
        " Close it."
    )
    assert is_worth_retrying(error.value)
