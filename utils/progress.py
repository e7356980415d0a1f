"""Follows a pipeline through dlt's three steps: extract, normalize, load."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Callable

from dlt.common.runtime.collector_base import Collector

logger = logging.getLogger(__name__)

STEPS = ("Extract", "Normalize", "Load")
# dlt counts, beside the rows of each table, what a step is made of.
UNITS_OF_A_STEP = ("Resources", "Files", "Jobs")


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


class StepLog(Collector):
    """Logs each step as it ends, and hands every change to `show`."""

    def __init__(self, show: Callable[[Progress], None] = lambda progress: None):
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
        if name in UNITS_OF_A_STEP:
            self._progress.done += inc
            self._progress.total += (total or 0) + (inc_total or 0)
        else:
            self._progress.rows += inc
        self._show(self._progress)

    def _stop(self) -> None:
        seconds = time.monotonic() - self._started
        rows = f" {self._progress.rows:,} rows" if self._progress.rows else ""
        logger.info("%s:%s in %.1f s", self._progress.step, rows, seconds)
        self._progress.done = self._progress.total = 1
        self._show(self._progress)
