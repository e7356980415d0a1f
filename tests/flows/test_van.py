"""van, run against a real Prefect server and a fake API into a temporary warehouse."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Iterator

import pytest

from flows.van import load, van
from tests.fakes.http_server import serving
from tests.fakes.van import Van, activist_code
from tests.repository.settings import request_timeout
from tests.servers.duckdb_warehouse import count, query
from tests.servers.prefect_api import artifacts_of, logs_of


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Van]:
    """Data of VAN, which serves it while the test runs."""
    data = Van(password="s3cret|1", activist_codes=[activist_code(1)])
    with serving(data.respond) as api:
        monkeypatch.setenv("SOURCES__VAN__BASE_URL", f"{api.url}/v4/")
        monkeypatch.setenv("SOURCES__VAN__API_KEY", "s3cret")
        monkeypatch.setenv("SOURCES__VAN__DAYS_PER_LOAD", "10000")
        yield data


def test_it_loads_and_publishes_what_it_loaded(prefect_api, data, warehouse):
    yesterday = date.today() - timedelta(days=1)
    data.add_event(yesterday, signups=3)

    state = van(return_state=True)

    assert state.is_completed()
    assert count(warehouse, "dev_van.signups") == 3
    run = state.state_details.flow_run_id
    tables = json.loads(artifacts_of(run)["dev-van-load"]["data"])
    assert {"table": "signups", "rows": "3"}.items() <= tables[-1].items()
    lines = [log.message for log in logs_of(run)]
    assert lines.count("Events that begin from 2020-01-01 on") == 2
    assert "s3cret" not in "\n".join(lines)


def test_a_wrong_key_fails_the_run_at_once(prefect_api, data, warehouse):
    data.password = "another|1"

    state = van(return_state=True)

    assert state.is_failed()
    assert "answered 401 Unauthorized: The API key is not valid" in state.message
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert not [line for line in lines if "Retry" in line]


def test_an_archived_activist_code_is_archived_in_the_warehouse(
    prefect_api, data, warehouse
):
    assert van(return_state=True).is_completed()
    data.activist_codes[0]["status"] = "Archived"

    assert van(return_state=True).is_completed()

    statuses = query(warehouse, "SELECT status FROM dev_van.activist_codes")
    assert statuses == [("Archived",)]


def test_a_slow_answer_is_waited_for_as_long_as_the_setting_says(
    prefect_api, data, warehouse, monkeypatch
):
    monkeypatch.setattr(load, "retries", 0)
    data.seconds = 0.5

    with request_timeout(0.1):
        state = van(return_state=True)

    assert state.is_failed()
    assert "127.0.0.1 sent nothing for 0.1 s" in state.message
    assert "raise request_timeout under [runtime] in .dlt/config.toml" in state.message

    with request_timeout(10):
        assert van(return_state=True).is_completed()
    assert count(warehouse, "dev_van.activist_codes") == 1
