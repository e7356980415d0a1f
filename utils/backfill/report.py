"""The report of a backfill: each chunk's state, and an error if some are not done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from prefect.utilities.urls import url_for

from utils.backfill.progress import BackfillProgress, ChunkRun
from utils.errors import ClearError, sentence
from utils.reports import Fact, Report

NAMED_IN_THE_ERROR = 10


@dataclass(frozen=True)
class ChunkResult:
    """A chunk's state at the end of the backfill, and its run's address."""

    days: str
    state: str
    is_done: bool
    seconds: float
    url: str | None
    reason: str = ""
    """Reason of a run that failed."""

    @classmethod
    def of(cls, each: ChunkRun) -> ChunkResult:
        return cls(
            days=str(each.chunk),
            state=each.state,
            is_done=each.is_done,
            seconds=each.run.total_run_time.total_seconds() if each.run else 0,
            url=url_for(each.run) if each.run else None,
            reason=each.reason,
        )


@dataclass(frozen=True)
class BackfillReport(Report):
    """The outcome of a backfill."""

    columns = {
        "chunk": "text",
        "state": "text",
        "seconds": "seconds",
        "run": "link",
        "reason": "text",
    }
    key = "backfill-chunks"

    deployment: str
    tag: str
    """Tag of the runs of all backfills with these arguments."""
    chunks: tuple[ChunkResult, ...]
    done_before: int
    was_stopped: bool = False
    """True if the rest was not started, because all would fail for the same reason."""

    @classmethod
    def of(
        cls, deployment: str, tag: str, progress: BackfillProgress
    ) -> BackfillReport:
        return cls(
            deployment=deployment,
            tag=tag,
            chunks=tuple(map(ChunkResult.of, progress.chunks)),
            done_before=progress.done_before,
            was_stopped=progress.was_stopped,
        )

    @property
    def summary(self) -> str:
        """Numbers of chunks that are done, and were done before, in one line."""
        done = sum(each.is_done for each in self.chunks)
        return (
            f"{self.deployment}: {done:,} of {len(self.chunks):,} chunks done,"
            f" {self.done_before:,} of them before"
        )

    def cells(self) -> Iterator[tuple[str, str, float, str | None, str]]:
        """Return the chunks."""
        for each in self.chunks:
            yield each.days, each.state, each.seconds, each.url, each.reason

    def facts(self) -> Iterator[Fact]:
        """Return why chunks failed, and the tag by which Prefect's UI finds the runs."""
        if self._failure:
            yield Fact("failed", self._failure)
        yield Fact("tag", self.tag)

    @property
    def _failure(self) -> str:
        """The first failed chunk with its reason, and whether it stopped the others."""
        first = next((each for each in self.chunks if each.reason), None)
        if first is None:
            return ""
        failure = f"{first.days}: {sentence(first.reason)}"
        if self.was_stopped:
            failure += (
                " All chunks that were tried failed for this reason, also the last one: the"
                " others were not started."
            )
        return failure

    def raise_if_incomplete(self) -> None:
        """Raise ClearError, which names the first chunks that are not done."""
        failed = [f"{c.days} ({c.state})" for c in self.chunks if not c.is_done]
        if not failed:
            return
        more = len(failed) - NAMED_IN_THE_ERROR
        raise ClearError(
            f"{len(failed):,} of {len(self.chunks):,} chunks are not done:"
            f" {', '.join(failed[:NAMED_IN_THE_ERROR])}"
            + (f" and {more:,} more" if more > 0 else "")
            + (f". The first failure, {self._failure}" if self._failure else ".")
            + f" Their runs, which carry the tag {self.tag}, say why. When that is"
            " fixed, start the same backfill again: it runs only these."
        )
