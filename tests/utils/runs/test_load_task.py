"""Errors that may pass are retried, and no others."""

from __future__ import annotations

import time

import dlt
import pytest
from prefect import flow

from tests.servers.prefect_api import artifacts_of, logs_of
from tests.servers.waiting import end_the_time
from utils.errors import ClearError
from utils.runs.load_progress import observed_load
from utils.runs.load_task import load_task

ROTATED = "A secret was rotated meanwhile"


@pytest.mark.parametrize(
    "error, attempts", [(ConnectionResetError("gone"), 4), (ClearError("wrong"), 1)]
)
def test_only_errors_that_may_pass_are_retried(prefect_api, error, attempts):
    tried: list[int] = []

    @load_task(name="Fail")
    def fail() -> None:
        tried.append(1)
        raise error

    @flow
    def failing() -> None:
        fail.with_options(retry_delay_seconds=0)()

    assert failing(return_state=True).is_failed()
    assert len(tried) == attempts


def test_a_run_without_time_to_wait_ends_with_the_error(prefect_api):
    """Prefect would end it in the middle of the wait, as timed out."""

    @load_task(name="Fail")
    def fail() -> None:
        with observed_load():
            raise ConnectionResetError("gone")

    @flow(name="pets", timeout_seconds=10)  # the first wait is of up to 15
    def failing() -> None:
        fail()

    state = failing(return_state=True)
    assert state.name == "Failed" and "ConnectionResetError: gone" in state.message
    shown = artifacts_of(state.state_details.flow_run_id)["pets-progress"]
    assert shown["description"] == "Failed: ConnectionResetError: gone"


@pytest.mark.parametrize("rotated, attempts", [(True, 2), (False, 1)])
def test_a_secret_rotated_during_the_load_is_used_by_the_next_attempt(
    prefect_api, vault, rotated, attempts
):
    vault.put("dlt/sources/pets", {"token": "old"})
    used: list[str] = []

    @load_task(name="Load")
    def load() -> None:
        used.append(dlt.secrets["sources.pets.token"])
        if rotated:
            vault.put("dlt/sources/pets", {"token": "new"})
        raise ClearError("401 Unauthorized")

    @flow
    def loading() -> None:
        load.with_options(retry_delay_seconds=0)()

    state = loading(return_state=True)

    assert state.is_failed()
    assert used == ["old", "new"][:attempts]
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert (f"{ROTATED}: retrying with it" in lines) == rotated


def test_a_later_run_of_the_same_process_has_the_secrets_of_its_time(
    prefect_api, vault
):
    @load_task(name="Load")
    def load() -> str:
        return dlt.secrets["sources.pets.token"]

    @flow
    def loading() -> str:
        return load()

    vault.put("dlt/sources/pets", {"token": "old"})
    assert loading() == "old"
    vault.put("dlt/sources/pets", {"token": "new"})
    assert loading() == "new"


def test_a_wrong_setting_is_explained(prefect_api):
    @load_task(name="Load")
    def load() -> None:
        dlt.secrets["sources.pets.token"]

    @flow
    def loading() -> None:
        load()

    state = loading(return_state=True)

    assert state.is_failed()
    assert "sources.pets lacks token. Nothing was loaded." in state.message
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert "ConfigFieldMissing" not in "\n".join(lines)


def test_a_flow_whose_time_is_up_ends(prefect_api):
    tried: list[int] = []

    @load_task(name="Hang")
    def hang() -> None:
        tried.append(1)
        with observed_load():
            end_the_time()
            time.sleep(60)

    @flow(name="hanging", timeout_seconds=500)
    def hanging() -> None:
        hang.with_options(retry_delay_seconds=0)()

    state = hanging(return_state=True)
    assert state.is_failed()
    assert len(tried) == 1
    progress = artifacts_of(state.state_details.flow_run_id)["hanging-progress"]
    assert progress["description"] == "TimedOut: the run's time was up"


def test_a_vault_that_fails_before_the_load_is_told(prefect_api, monkeypatch):
    def refuse() -> None:
        raise ClearError("No vault today.")

    @load_task(name="Load")
    def load() -> None: ...

    @flow(name="loading")
    def loading() -> None:
        load()

    monkeypatch.setattr("utils.runs.load_task.refresh_secrets", refuse)
    state = loading(return_state=True)

    assert state.is_failed()
    progress = artifacts_of(state.state_details.flow_run_id)["loading-progress"]
    assert progress["description"] == "Failed: No vault today."


def test_the_pauses_grow():
    @load_task(name="Load")
    def load() -> None: ...

    assert load.retry_delay_seconds == [10, 20, 40]
    assert load.retry_jitter_factor == 0.5
