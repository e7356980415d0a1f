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
PREFIX = "Flow run encountered an exception: "
LONGEST_REASON = 500


@dataclass
class ChunkRun:
    """A chunk, and its latest run."""

    chunk: Chunk
    run: FlowRun | None = None
    was_started: bool = False
    """True if this backfill started the run, and not an earlier one."""

    @property
    def state(self) -> str:
        """The run's state, in Prefect's words. A run can be deleted before it ends."""
        if self.run is None:
            return "Deleted" if self.was_started else "Not started"
        return self.run.state_name or "Unknown"

    @property
    def is_done(self) -> bool:
        return self.run is not None and _state(self.run).is_completed()

    @property
    def is_in_progress(self) -> bool:
        return self.run is not None and not _state(self.run).is_final()

    @property
    def is_to_start(self) -> bool:
        """True if a run is missing, or failed before this backfill."""
        return not (self.is_done or self.is_in_progress or self.was_started)

    @property
    def has_failed(self) -> bool:
        """True if this backfill started a run, which ended without being completed."""
        return self.was_started and not (self.is_done or self.is_in_progress)

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
            since: Time before which a run of interest was expected to start.
        """
        if self.run is None or self.run.state_type != StateType.SCHEDULED:
            return False
        expected = self.run.expected_start_time
        return expected is not None and expected < since

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
