"""Progress of an export: queries that have ended, as a bar and an artifact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping

from prefect.futures import PrefectFuture, as_completed

from utils.runs.artifacts.progress import ProgressArtifact
from utils.runs.terminal_bar import terminal_bar

if TYPE_CHECKING:
    from utils.export.report import ExportedFile


@dataclass(frozen=True)
class ExportProgress:
    """The number of queries that have ended."""

    ended: int
    queries: int
    step = "Export"

    @property
    def percent(self) -> float:
        """Share of the queries that have ended, 0 to 100."""
        return 100 * self.ended / self.queries

    @property
    def detail(self) -> str:
        """Numbers of ended and of all queries."""
        return f"{self.ended} of {self.queries} queries"

    def __str__(self) -> str:
        return f"{self.step}: {self.detail}"


def outcomes_of(
    runs: Mapping[str, PrefectFuture[ExportedFile]],
) -> dict[str, ExportedFile | Exception]:
    """Wait for all queries, show the progress, and return each one's file or error."""
    with ProgressArtifact() as artifact, terminal_bar() as show_bar:
        show_bar(ExportProgress(0, len(runs)))
        for ended, _ in enumerate(as_completed(list(runs.values())), start=1):
            progress = ExportProgress(ended, len(runs))
            show_bar(progress)
            artifact.show(progress)
        outcomes: dict[str, ExportedFile | Exception] = {
            name: run.result(raise_on_failure=False) for name, run in runs.items()
        }
        exported = sum(not isinstance(each, Exception) for each in outcomes.values())
        artifact.update(100.0, f"Exported {exported} of {len(runs)} queries")
    return outcomes
