"""A load's progress through dlt's three steps, as log lines, a bar and an artifact."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable, Iterator

from dlt.common.runtime.collector_base import Collector

from utils.errors.interruption import interruptions_pass
from utils.runs.artifacts.progress import ProgressArtifact
from utils.runs.logging import run_log
from utils.runs.terminal_bar import terminal_bar
from utils.settings.errors import plain_configuration_errors

logger = logging.getLogger(__name__)

STEPS = ("Extract", "Normalize", "Load")
# dlt's counters of a step's parts. Each of its other counters has a table's rows.
PARTS = ("Resources", "Files", "Jobs")


@contextmanager
def observed_load() -> Iterator[LoadProgress]:
    """Yield the progress monitor for a pipeline's `progress`, within a run.

    A terminal shows a bar below the log's lines, a pipe only the lines. The run in
    Prefect's UI has the same lines, dlt's own among them, and a progress artifact, which says
    in the end why the load failed.
    """
    with (
        ProgressArtifact() as artifact,
        plain_configuration_errors(),
        interruptions_pass(),
        run_log(),
        terminal_bar() as show_bar,
    ):

        def show(progress: StepProgress) -> None:
            show_bar(progress)
            artifact.show(progress)

        yield LoadProgress(show)
        artifact.update(100.0, "Loaded")


@dataclass
class StepProgress:
    """A pipeline's current step and its figures."""

    step: str
    rows: int = 0
    done: int = 0
    """Resources, files or jobs finished in this step, of `total`."""
    total: int = 0

    @property
    def percent(self) -> float:
        """Share of all three steps that is done, 0 to 100."""
        part = min(self.done / self.total, 1) if self.total else 0
        return 100 * (STEPS.index(self.step) + part) / len(STEPS)

    @property
    def detail(self) -> str:
        """Rows, or jobs, of the step."""
        return f"{self.rows:,} rows" if self.rows else f"{self.done:,} jobs"

    def __str__(self) -> str:
        return f"{self.step}: {self.detail}"


class LoadProgress(Collector):
    """A dlt progress monitor that logs each step's end and passes on every change."""

    def __init__(self, show: Callable[[StepProgress], None]) -> None:
        self._show = show

    def _start(self, step: str) -> None:
        # dlt's names: "Extract exchange_rates", "Load exchange_rates in 1795292555.26"
        self._progress = StepProgress(step.partition(" ")[0])
        self._started = time.monotonic()
        self._show(self._progress)

    def update(
        self,
        name: str,
        inc: int = 1,
        total: int | None = None,
        inc_total: int | None = None,
        message: str | None = None,
        label: str | None = None,
    ) -> None:
        if label:  # a part of another counter
            return
        if name in PARTS:
            self._progress.done += inc
            self._progress.total += (total or 0) + (inc_total or 0)
        elif not name.startswith("_dlt"):
            self._progress.rows += inc
        self._show(self._progress)

    def _stop(self) -> None:
        # The pipeline's own state passes through the steps too, and is not logged.
        if self._progress.rows or self._progress.step == "Load":
            seconds = time.monotonic() - self._started
            logger.info("%s in %.1f s", self._progress, seconds)
