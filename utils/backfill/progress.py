"""The chunks of a backfill, and the states of their runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Iterable

from prefect.client.schemas.objects import FlowRun, State, StateType

from utils.backfill.chunks import Chunk
from utils.errors import last_line
from utils.redaction.texts import excerpt

FAILURES = (StateType.FAILED, StateType.CRASHED)
# Of a chunk whose runs crash: their worker, machine or task went away.
MOST_STARTS = 3
PREFIX = "Flow run encountered an exception: "
LONGEST_REASON = 500


@dataclass
class ChunkRun:
    """A chunk, and its latest run."""

    chunk: Chunk
    run: FlowRun | None = None
    starts: int = 0
    """Runs of the chunk that this backfill has started."""

    @property
    def state(self) -> str:
        """The run's state, in Prefect's words. A run can be deleted before it ends."""
        if self.run is None:
            return "Deleted" if self.starts else "Not started"
        return self.run.state_name or "Unknown"

    @property
    def is_done(self) -> bool:
        return self.run is not None and _state(self.run).is_completed()

    @property
    def is_in_progress(self) -> bool:
        return self.run is not None and not _state(self.run).is_final()

    @property
    def is_to_start(self) -> bool:
        """True if a run is missing, failed before this backfill, or was lost in it."""
        if self.is_done or self.is_in_progress:
            return False
        return not self.starts or self._is_lost and self.starts < MOST_STARTS

    @property
    def has_failed(self) -> bool:
        """True if this backfill started a run, and the chunk is given up."""
        return not (self.is_done or self.is_in_progress or self.is_to_start)

    @property
    def reason(self) -> str:
        """Last line of what the run's state says if it failed or crashed, else empty."""
        if self.run is None or self.run.state_type not in FAILURES:
            return ""
        line = last_line(_state(self.run).message or "") or self.state
        return excerpt(line.removeprefix(PREFIX).strip(), LONGEST_REASON)

    def is_waiting(self, since: datetime) -> bool:
        """Return whether the run should have begun before a time, and has not.

        Args:
            since: Time before which a run of interest was expected to start, or a worker
                has taken it.
        """
        if self.is_pending(since):
            return True
        if self.run is None or self.run.state_type != StateType.SCHEDULED:
            return False
        expected = self.run.expected_start_time
        return expected is not None and expected < since

    def is_pending(self, since: datetime) -> bool:
        """Return whether a worker has taken the run before a time, and it has not begun."""
        if self.run is None or self.run.state_type != StateType.PENDING:
            return False
        return _state(self.run).timestamp < since

    @property
    def _is_lost(self) -> bool:
        return self.run is not None and self.run.state_type == StateType.CRASHED

    def prefer(self, run: FlowRun) -> None:
        """Replace the chunk's run by another one of a higher rank."""
        if self.run is None or _rank(run) > _rank(self.run):
            self.run = run


class BackfillProgress:
    """The chunks of a backfill by the state of their runs."""

    step = "Backfill"

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self.chunks = [ChunkRun(chunk) for chunk in chunks]
        self.done_before = 0
        """Chunks that were done when the backfill began."""
        self.was_stopped = False
        """True if it starts no more chunks, because all would fail for the same reason."""

    @property
    def done(self) -> list[ChunkRun]:
        return [each for each in self.chunks if each.is_done]

    @property
    def in_progress(self) -> list[ChunkRun]:
        return [each for each in self.chunks if each.is_in_progress]

    @property
    def to_start(self) -> list[ChunkRun]:
        return [each for each in self.chunks if each.is_to_start]

    @property
    def failed(self) -> list[ChunkRun]:
        return [each for each in self.chunks if each.has_failed]

    @property
    def goes_on(self) -> bool:
        return bool(self.in_progress or self.to_start and not self.was_stopped)

    @property
    def percent(self) -> float:
        return 100 * len(self.done) / len(self.chunks)

    @property
    def detail(self) -> str:
        """Numbers of chunks that are done, running and failed."""
        figures = [f"{len(self.done):,} of {len(self.chunks):,} chunks done"]
        if running := len(self.in_progress):
            figures.append(f"{running:,} running")
        if failed := len(self.failed):
            figures.append(f"{failed:,} failed")
        return ", ".join(figures)

    def __str__(self) -> str:
        return f"{self.step}: {self.detail}"


def _state(run: FlowRun) -> State:
    assert run.state, "Prefect's server gives every run a state"
    return run.state


def _rank(run: FlowRun) -> tuple[bool, bool, datetime]:
    """Rank a chunk's runs: completed, then in progress, then latest."""
    assert run.created, "Prefect's server says when a run was created"
    return _state(run).is_completed(), not _state(run).is_final(), run.created
