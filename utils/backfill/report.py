"""What became of a backfill's chunks: printed, published, and an error if some failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect.utilities.urls import url_for

from utils.backfill.chunk_runs import ChunkRun, ChunkRuns
from utils.errors import ClearError

if TYPE_CHECKING:
    from rich.console import Group

NAMED_IN_THE_ERROR = 10


@dataclass(frozen=True)
class ChunkResult:
    """A chunk's state at the end of the backfill, and where its run can be seen."""

    days: str
    state: str
    is_done: bool
    seconds: float
    url: str | None

    @classmethod
    def of(cls, each: ChunkRun) -> ChunkResult:
        return cls(
            days=str(each.chunk),
            state=each.state,
            is_done=each.is_done,
            seconds=each.run.total_run_time.total_seconds() if each.run else 0,
            url=url_for(each.run) if each.run else None,
        )


@dataclass(frozen=True)
class BackfillReport:
    """The outcome of a backfill. Printed with `str` it is plain lines, by rich a table."""

    deployment: str
    tag: str
    """All its runs carry it, those of earlier backfills with the same arguments too."""
    chunks: tuple[ChunkResult, ...]
    done_before: int

    @classmethod
    def of(cls, runs: ChunkRuns) -> BackfillReport:
        return cls(
            deployment=runs.deployment.name,
            tag=runs.tag,
            chunks=tuple(map(ChunkResult.of, runs.chunks)),
            done_before=runs.done_before,
        )

    @property
    def summary(self) -> str:
        """One line: how many chunks are done, and since when."""
        done = sum(each.is_done for each in self.chunks)
        return (
            f"{self.deployment}: {done:,} of {len(self.chunks):,} chunks done,"
            f" {self.done_before:,} of them before"
        )

    def raise_if_incomplete(self) -> None:
        """Raise ClearError that names the chunks which failed, if any did."""
        failed = [f"{c.days} ({c.state})" for c in self.chunks if not c.is_done]
        if not failed:
            return
        more = len(failed) - NAMED_IN_THE_ERROR
        raise ClearError(
            f"{len(failed):,} of {len(self.chunks):,} chunks are not done:"
            f" {', '.join(failed[:NAMED_IN_THE_ERROR])}"
            + (f" and {more:,} more" if more > 0 else "")
            + f". Their runs, which carry the tag {self.tag}, say why. When that is"
            " mended, start the same backfill again: it runs only these."
        )

    def __str__(self) -> str:
        lines = [
            f"chunk: {c.days}, {c.state}, {c.url or 'no run'}" for c in self.chunks
        ]
        return "\n".join([*lines, self.summary, f"tag: {self.tag}"])

    def __rich__(self) -> Group:
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, title=self.summary, title_justify="left")
        table.add_column("Chunk")
        table.add_column("State")
        table.add_column("Seconds", justify="right")
        for each in self.chunks:
            state = Text(each.state, style=f"link {each.url}" if each.url else "")
            table.add_row(each.days, state, f"{each.seconds:,.0f}")
        return Group(table, f"tag  {self.tag}")
