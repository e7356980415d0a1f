"""The states of a backfill's chunks."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import (
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Pending,
    Running,
    Scheduled,
)

from utils.backfill.chunks import Chunk
from utils.backfill.progress import BackfillProgress, ChunkRun

CHUNK = Chunk(date(2024, 1, 1), date(2024, 1, 1))
NOW = datetime.now(timezone.utc)
EARLIER = NOW - timedelta(minutes=1)


def run(state: State, minutes: int = 0) -> FlowRun:
    """Return a run that was created some minutes from now."""
    moment = NOW + timedelta(minutes=minutes)
    return FlowRun(
        flow_id=uuid4(),
        state=state,
        state_type=state.type,
        state_name=state.name,
        created=moment,
        expected_start_time=moment,
    )


@pytest.mark.parametrize(
    "found, starts, state, is_what",
    [
        (None, 0, "Not started", "is_to_start"),
        (None, 1, "Deleted", "has_failed"),
        (run(Scheduled()), 0, "Scheduled", "is_in_progress"),
        (run(Running()), 1, "Running", "is_in_progress"),
        (run(Completed()), 0, "Completed", "is_done"),
        (run(Failed()), 0, "Failed", "is_to_start"),
        (run(Failed()), 1, "Failed", "has_failed"),
        (run(Crashed()), 2, "Crashed", "is_to_start"),
        (run(Crashed()), 3, "Crashed", "has_failed"),
        (run(Cancelled()), 1, "Cancelled", "has_failed"),
    ],
)
def test_a_chunk_is_in_one_state(found, starts, state, is_what):
    chunk = ChunkRun(CHUNK, found, starts)
    assert chunk.state == state
    questions = ("is_done", "is_in_progress", "is_to_start", "has_failed")
    assert [each for each in questions if getattr(chunk, each)] == [is_what]


@pytest.mark.parametrize(
    "found, reason",
    [
        (
            Failed(message="Flow run encountered an exception: ApiError: 401 Who?"),
            "ApiError: 401 Who?",
        ),
        (Failed(message="Two queries failed:\n- a.sql\n- b.sql\n"), "- b.sql"),
        (Failed(message="at postgresql://me:hunter2@db/x"), "at postgresql://***@db/x"),
        (Crashed(message=None), "Crashed"),
        (Cancelled(message="by me"), ""),
        (Completed(message="all"), ""),
    ],
)
def test_the_reason_of_a_failure_is_the_last_line(found, reason):
    assert ChunkRun(CHUNK, run(found)).reason == reason
    assert ChunkRun(CHUNK).reason == ""


@pytest.mark.parametrize(
    "runs, preferred",
    [
        ([run(Completed()), run(Running(), 1), run(Failed(), 2)], 0),
        ([run(Running()), run(Failed(), 1)], 0),
        ([run(Failed()), run(Failed(), 1)], 1),
    ],
    ids=["completed", "in progress", "latest"],
)
def test_one_of_its_runs_tells_of_the_chunk(runs, preferred):
    for order in (runs, runs[::-1]):
        chunk = ChunkRun(CHUNK)
        for each in order:
            chunk.prefer(each)
        assert chunk.run is runs[preferred]


def test_a_scheduled_or_pending_run_waits():
    assert ChunkRun(CHUNK, run(Scheduled(), -1)).is_waiting(NOW)
    assert not ChunkRun(CHUNK, run(Scheduled(), 1)).is_waiting(NOW)
    assert not ChunkRun(CHUNK, run(Running(), -1)).is_waiting(NOW)
    assert ChunkRun(CHUNK, run(Pending(timestamp=EARLIER))).is_waiting(NOW)
    assert not ChunkRun(CHUNK, run(Pending(timestamp=NOW))).is_waiting(EARLIER)
    assert not ChunkRun(CHUNK).is_waiting(NOW)


def test_figures():
    progress = BackfillProgress([CHUNK] * 4)
    done, running, failed, _ = progress.chunks
    done.run, running.run, failed.starts = run(Completed()), run(Running()), 1
    assert str(progress) == "Backfill: 1 of 4 chunks done, 1 running, 1 failed"
    assert progress.percent == 25
