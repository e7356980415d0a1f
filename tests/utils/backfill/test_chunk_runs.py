"""Chunks as runs of a deployment on a real Prefect server."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Iterator

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL
from prefect.states import AwaitingRetry, Cancelled, Pending

import utils.backfill.chunk_runs
from tests.fakes.http_server import Answer, Request, serving
from tests.samples.chunk_deployment import ChunkDeployment
from tests.servers.prefect_api import flow_run_with, forward
from utils.backfill.chunk_runs import ChunkRuns
from utils.backfill.chunks import chunks_of
from utils.backfill.target import BackfillTarget
from utils.errors import ClearError

pytestmark = pytest.mark.slow

DAYS = ("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04")


@pytest.fixture
def deployment(prefect_api):
    with ChunkDeployment().served() as served:
        yield served


@pytest.fixture(autouse=True)
def looks_often(monkeypatch):
    monkeypatch.setattr(utils.backfill.chunk_runs, "SECONDS_BETWEEN_LOOKS", 0.2)


@pytest.fixture
def client(prefect_api):
    with get_client(sync_client=True) as client:
        yield client


def runs_of(
    deployment: ChunkDeployment,
    client: SyncPrefectClient,
    days: int,
    name: str = "",
    **parameters,
) -> ChunkRuns:
    """Return a backfill of January's first days, each a chunk."""
    chunks = chunks_of(date(2024, 1, 1), date(2024, 1, days), 1)
    return ChunkRuns(
        BackfillTarget.named(deployment.name, client), chunks, parameters, name
    )


def complete(runs: ChunkRuns, at_once: int = 5) -> ChunkRuns:
    for progress in runs.complete(at_once):
        assert progress is runs.progress
    return runs


@contextmanager
def in_background(runs: ChunkRuns, at_once: int) -> Iterator[None]:
    """Complete the runs while the context lasts, and wait for their end."""
    thread = threading.Thread(target=complete, args=(runs, at_once))
    thread.start()
    try:
        yield
    finally:
        thread.join()


def states(runs: ChunkRuns) -> list[str]:
    return [each.state for each in runs.progress.chunks]


def test_each_chunk_is_a_run_of_the_deployment(deployment, client):
    runs = complete(runs_of(deployment, client, 2, currency="EUR"))

    assert states(runs) == ["Completed", "Completed"]
    run = flow_run_with(runs.progress.chunks[1].run.id)
    assert run["deployment_id"] == str(deployment.id)
    assert run["name"] == "2024-01-02"
    assert set(run["tags"]) == {"dev", "backfill", runs.tag}
    assert run["parameters"] == {
        "first_day": "2024-01-02",
        "last_day": "2024-01-02",
        "currency": "EUR",
    }


def test_what_is_done_is_not_done_again(deployment, client):
    complete(runs_of(deployment, client, 2))
    assert deployment.loaded == {DAYS[0]: 1, DAYS[1]: 1}

    again = complete(runs_of(deployment, client, 3))
    assert again.progress.done_before == 2
    assert states(again) == ["Completed"] * 3
    assert deployment.loaded == dict.fromkeys(DAYS[:3], 1)

    anew = complete(runs_of(deployment, client, 1, name="corrected"))
    other = complete(runs_of(deployment, client, 1, currency="EUR"))
    assert anew.progress.done_before == other.progress.done_before == 0
    assert deployment.loaded[DAYS[0]] == 3


def test_no_more_at_once_than_allowed_and_no_place_stays_free(
    deployment, client, monkeypatch
):
    """Prefect's own concurrency limits look again only after 30 seconds."""
    monkeypatch.undo()
    deployment.hold(*DAYS)
    runs = runs_of(deployment, client, 4)
    progress = runs.complete(at_once=2)
    next(progress)
    next(progress)
    assert [each.is_in_progress for each in runs.progress.chunks] == [
        True,
        True,
        False,
        False,
    ]
    deployment.wait_until_running(2)
    deployment.release()
    for _ in progress:
        assert len(runs.progress.in_progress) <= 2

    begins = sorted(each.run.created for each in runs.progress.chunks)
    ends = sorted(each.run.end_time for each in runs.progress.chunks)
    free = [(begin - end).total_seconds() for begin, end in zip(begins[2:], ends)]
    assert 0 <= min(free) < 3 * utils.backfill.chunk_runs.SECONDS_BETWEEN_LOOKS
    # SQLite may be locked: Prefect's client then asks again after 2, 4, 8 seconds
    assert max(free) < 15


def test_a_chunk_that_fails_stops_no_other_and_is_retried_next_time(deployment, client):
    deployment.failing = {DAYS[0]}
    runs = complete(runs_of(deployment, client, 3), at_once=1)
    assert states(runs) == ["Failed", "Completed", "Completed"]
    assert str(runs.progress) == "Backfill: 2 of 3 chunks done, 1 failed"
    assert runs.progress.percent == pytest.approx(200 / 3)

    failed_again = complete(runs_of(deployment, client, 3))
    assert states(failed_again) == ["Failed", "Completed", "Completed"]

    deployment.failing = set()
    assert states(complete(runs_of(deployment, client, 3))) == ["Completed"] * 3
    assert deployment.loaded == dict.fromkeys(DAYS[:3], 1)


def test_two_at_the_same_time_run_no_chunk_twice(deployment, client):
    deployment.hold(*DAYS)
    one, other = (runs_of(deployment, client, 3) for _ in range(2))
    with in_background(one, at_once=2), in_background(other, at_once=2):
        deployment.wait_until_running(2)
        deployment.release()

    assert deployment.loaded == dict.fromkeys(DAYS[:3], 1)
    assert states(one) == states(other) == ["Completed"] * 3
    assert [each.run.id for each in one.progress.chunks] == [
        each.run.id for each in other.progress.chunks
    ]


@pytest.mark.parametrize("ends", ["completed", "cancelled"])
def test_a_run_that_an_earlier_backfill_left_is_waited_for(deployment, client, ends):
    deployment.hold(DAYS[0])
    left = runs_of(deployment, client, 2)
    next(left.complete(at_once=1))
    deployment.wait_until_running(1)

    runs = runs_of(deployment, client, 2)
    progress = runs.complete(at_once=1)
    assert str(next(progress)) == "Backfill: 0 of 2 chunks done, 1 running"
    assert runs.progress.chunks[0].run.id == left.progress.chunks[0].run.id
    if ends == "cancelled":
        client.set_flow_run_state(
            left.progress.chunks[0].run.id, Cancelled(), force=True
        )
        next(progress)
    deployment.release()
    for _ in progress:
        pass

    assert states(runs) == ["Completed", "Completed"]
    assert (runs.progress.chunks[0].run.id == left.progress.chunks[0].run.id) == (
        ends == "completed"
    )


def test_a_run_that_is_deleted_counts_as_failed(deployment, client):
    deployment.hold(DAYS[0])
    runs = runs_of(deployment, client, 1)
    progress = runs.complete(at_once=1)
    next(progress)
    deployment.wait_until_running(1)
    client.delete_flow_run(runs.progress.chunks[0].run.id)
    for _ in progress:
        pass
    assert states(runs) == ["Deleted"]
    assert runs.progress.failed == runs.progress.chunks


def test_a_failed_run_that_somebody_retries_is_waited_for(deployment, client):
    """Retried with Prefect's button, while the chunk waits for its turn."""
    deployment.failing = {DAYS[0]}
    complete(runs_of(deployment, client, 1))
    deployment.failing = set()
    deployment.hold(DAYS[0])
    runs = runs_of(deployment, client, 1)
    assert states(runs) == ["Failed"]
    failed = runs.progress.chunks[0].run.id
    client.set_flow_run_state(failed, AwaitingRetry(), force=True)
    progress = runs.complete(at_once=1)
    next(progress)
    deployment.release()
    for _ in progress:
        pass

    assert deployment.loaded == {DAYS[0]: 1}
    assert runs.progress.chunks[0].run.id == failed


@pytest.mark.parametrize(
    "parameters, answer",
    [
        ({"currencie": "EUR"}, "no parameter currencie. It has first_day, last_day, c"),
        ({"currency": 1}, "refuses the parameters of 2024-01-01: .* 1 is not of type"),
    ],
    ids=["unknown", "of another type"],
)
def test_parameters_that_do_not_fit_start_nothing(
    deployment, client, parameters, answer
):
    with pytest.raises(ClearError, match=answer):
        complete(runs_of(deployment, client, 2, **parameters))
    assert not deployment.loaded


def test_runs_that_do_not_start_are_a_warning(prefect_api, client, monkeypatch, caplog):
    """A deployment that no process serves. Warned of at once, and when a run is late."""
    monkeypatch.setattr(utils.backfill.chunk_runs, "WAIT_WORTH_A_WARNING", timedelta())
    alone = ChunkDeployment(concurrency_limit=1)
    progress = runs_of(alone, client, 1).complete(at_once=2)
    for _ in range(3):
        next(progress)

    reason = f"no process serves {alone.name}. Start it."
    limit, *others = [record.message for record in caplog.records][1:]
    assert f"{alone.name} has a concurrency limit of 1, so that not 2" in limit
    assert others == [
        f"Chunks cannot start yet: {reason}",
        f"1 runs should have been started (Scheduled): {reason}",
    ]


def test_a_chunk_whose_worker_is_gone_is_run_again(
    prefect_api, client, monkeypatch, caplog
):
    """A worker takes the chunk and dies. Later another one is there."""
    deployment = ChunkDeployment()
    runs = runs_of(deployment, client, 1)
    progress = runs.complete(at_once=1)
    next(progress)
    lost = runs.progress.chunks[0].run
    client.set_flow_run_state(lost.id, Pending())
    monkeypatch.setattr(utils.backfill.chunk_runs, "WAIT_WORTH_A_WARNING", timedelta())
    next(progress)
    assert "1 runs should have been started (Pending): " in caplog.records[-1].message
    assert states(runs) == ["Pending"]

    monkeypatch.setattr(utils.backfill.chunk_runs, "LONGEST_PENDING", timedelta())
    next(progress)
    assert "its worker is gone), and is run again" in caplog.records[-1].message
    assert runs.progress.chunks[0].run.id != lost.id
    monkeypatch.undo()
    with deployment.served():
        for _ in progress:
            pass

    assert states(runs) == ["Completed"] and deployment.loaded == {DAYS[0]: 1}
    assert client.read_flow_run(lost.id).state_type == StateType.CRASHED


def test_a_chunk_that_crashes_each_time_is_given_up(deployment, client):
    deployment.crashing = {DAYS[0]}
    runs = complete(runs_of(deployment, client, 2), at_once=1)
    assert states(runs) == ["Crashed", "Completed"]
    assert deployment.tried.count(DAYS[0]) == 3


def test_a_server_that_is_away_for_a_while_ends_nothing(
    deployment, client, monkeypatch
):
    monkeypatch.setattr(utils.backfill.chunk_runs, "SECONDS_AFTER_NO_ANSWER", 0.1)
    away = threading.Event()
    refused = []

    def respond(request: Request) -> Answer:
        if away.is_set():
            refused.append(request)
            return Answer(status=500)
        path = request.path.removeprefix("/api")
        return forward(request, f"{PREFECT_API_URL.value()}{path}")

    deployment.hold(DAYS[0])
    with serving(respond) as server, SyncPrefectClient(f"{server.url}/api") as client:
        runs = runs_of(deployment, client, 1)
        progress = runs.complete(at_once=1)
        next(progress)
        away.set()
        next(progress)
        next(progress)
        assert len(refused) == 2
        monkeypatch.setattr(utils.backfill.chunk_runs, "SECONDS_WITHOUT_SERVER", 0)
        with pytest.raises(httpx.HTTPStatusError, match="500"):
            next(progress)
        away.clear()
        deployment.release()
        complete(runs)
    assert states(runs) == ["Completed"]
