"""Progress of a run, read back from a real Prefect server."""

from __future__ import annotations

from time import monotonic, sleep

import pytest
from prefect import flow
from prefect.runtime import flow_run

from tests.servers.prefect import frozen
from tests.servers.prefect_api import artifacts_of, logs_of
from tests.servers.waiting import until
from utils.errors import ClearError
from utils.runs.artifacts import progress
from utils.runs.artifacts.progress import ProgressArtifact
from utils.runs.load_progress import StepProgress


def progress_of(run) -> tuple[float, str] | None:
    artifact = artifacts_of(run).get("feed-pets-progress")
    return artifact and (artifact["data"], artifact["description"])


def wait_for(percent: float, description: str) -> None:
    shown = (pytest.approx(percent), description)
    until(lambda: progress_of(flow_run.id) == shown, f"{shown}", seconds=20)


def test_progress_is_updated_now_and_then_and_completed(prefect_api):
    @flow(name="feed_pets")
    def feed_pets():
        with ProgressArtifact() as artifact:
            artifact.show(StepProgress("Extract", rows=1))
            artifact.show(StepProgress("Normalize", rows=7))
            wait_for(100 / 3, "Normalize: 7 rows")
            artifact.update(100.0, "Fed")

    run = feed_pets(return_state=True).state_details.flow_run_id
    assert progress_of(run) == (100, "Fed")
    assert artifacts_of(run)["feed-pets-progress"]["type"] == "progress"


def test_work_never_waits_for_a_server_that_does_not_answer(prefect_api, monkeypatch):
    """Nothing is lost of what is shown once it answers again."""
    monkeypatch.setattr(progress, "LONGEST_WAIT", 0.2)
    seconds = []

    @flow(name="feed_pets")
    def feed_pets():
        with frozen(prefect_api):
            began = monotonic()
            with ProgressArtifact() as artifact:
                for fed in range(1_000):
                    artifact.show(StepProgress("Load", rows=fed))
                artifact.update(100.0, "Fed")
            seconds.append(monotonic() - began)
            sleep(1)  # longer than it waits for an answer
        wait_for(100, "Fed")

    run = feed_pets(return_state=True).state_details.flow_run_id
    assert seconds[0] < 5, "of which 0.2 at its end"
    warnings = [log.message for log in logs_of(run) if log.level == 30]
    assert [each.split(": ")[0] for each in warnings] == ["Progress cannot be shown"]


@pytest.mark.parametrize(
    "error, told",
    [
        (ClearError("No food is left."), "Failed: No food is left."),
        (KeyError("fish"), "Failed: KeyError: 'fish'"),
        (ConnectionResetError("gone"), "Failed: ConnectionResetError: gone"),
        (KeyboardInterrupt(), "Ended from outside: KeyboardInterrupt"),
    ],
)
def test_the_reason_of_a_failure_is_told(prefect_api, error, told):
    """Outside of a task nothing is tried again."""
    found = []

    @flow(name="feed_pets")
    def feed_pets():
        found.append(flow_run.id)
        with ProgressArtifact() as artifact:
            artifact.update(50.0, "Load")
            raise error

    with pytest.raises(type(error)):
        feed_pets()

    artifact = artifacts_of(found[0])["feed-pets-progress"]
    assert (artifact["data"], artifact["description"]) == (50, told)
