"""Follows a pipeline through dlt's three steps: extract, normalize, load."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Callable

from dlt.common.runtime.collector_base import Collector

logger = logging.getLogger(__name__)

STEPS = ("Extract", "Normalize", "Load")
# dlt counts, beside the rows of each table, the parts that a step is made of.
PARTS = ("Resources", "Files", "Jobs")


@dataclass
class Progress:
    """Where a pipeline is: in which step, and how far."""

    step: str
    rows: int = 0
    done: int = 0
    """Resources, files or jobs finished in this step, of `total`."""
    total: int = 0

    @property
    def percent(self) -> float:
        """Of all three steps, 0 to 100."""
        part = min(self.done / self.total, 1) if self.total else 0
        return 100 * (STEPS.index(self.step) + part) / len(STEPS)

    @property
    def detail(self) -> str:
        """How far the step is, in figures."""
        return f"{self.rows:,} rows" if self.rows else f"{self.done:,} jobs"

    def __str__(self) -> str:
        return f"{self.step}: {self.detail}"


class LoadProgress(Collector):
    """A dlt progress monitor that logs each step's end and passes on every change."""

    def __init__(self, show: Callable[[Progress], None]) -> None:
        self._show = show

    def _start(self, step: str) -> None:
        # dlt's names: "Extract exchange_rates", "Load exchange_rates in 1795292555.26"
        self._progress = Progress(step.partition(" ")[0])
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
        # The pipeline's state passes through the steps too, without a word.
        if self._progress.rows or self._progress.step == "Load":
            seconds = time.monotonic() - self._started
            logger.info("%s in %.1f s", self._progress, seconds)
