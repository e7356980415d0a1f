"""Open Exchange Rates into the lake, from where Snowpipe takes the files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Callable, Iterator

import dlt

from sources.open_exchange_rates import open_exchange_rates_source
from utils.backfill.days import UnusableRange, days_of
from utils.destinations.filesystem import read_columns
from utils.destinations.pipelines import pipeline_into
from utils.loading.report import LoadReport, combined
from utils.loading.run import run_pipeline

if TYPE_CHECKING:
    from dlt.common.runtime.collector_base import Collector

DATASET = "open_exchange_rates"
# Days of a range that a load has: a failure later does not cost their requests again.
DAYS_PER_LOAD = 10


def load_open_exchange_rates(
    first_day: date | None = None,
    last_day: date | None = None,
    progress: Collector | None = None,
) -> LoadReport:
    """Append the latest rates to the table `rates`, or those of all days of a range.

    A day of the range whose rates are in the lake is not fetched again, and a load has
    `DAYS_PER_LOAD` days. Without a range `currencies` is replaced, too.

    Args:
        first_day: The range's first day, in UTC.
        last_day: The range's last day, in UTC. It must be over.
        progress: Collector that follows the pipeline's steps.

    Raises:
        UnusableRange: A day is missing, or the range is reversed or not over.
        TooFewRequestsLeft: The plan's requests of this month are used up.
        ApiError: The API refuses, cannot be reached, or answers not as documented.
    """
    if first_day is last_day is None:
        pipeline = pipeline_into("lake", DATASET, progress=progress)
        return run_pipeline(pipeline, open_exchange_rates_source())
    if first_day is None or last_day is None:
        raise UnusableRange("A range needs both, its first and its last day.")
    days = days_of(first_day, last_day)
    # A range's state is its own: ranges run side by side, and beside the daily load.
    name = f"{DATASET}_{first_day}_{last_day}".replace("-", "")
    pipeline = pipeline_into("lake", DATASET, name=name, progress=progress)
    unknown: list[date] = []
    held = cache(lambda: _closing_days(pipeline))
    reports = []
    for start in range(0, len(days), DAYS_PER_LOAD):
        source = open_exchange_rates_source(
            days=_missing(days[start : start + DAYS_PER_LOAD], held),
            on_unknown_day=unknown.append,
        )
        reports.append(run_pipeline(pipeline, source))
    notes = tuple(f"no rates of {day}: the API does not know them" for day in unknown)
    return replace(combined(reports), notes=notes)


def _missing(days: list[date], held: Callable[[], set[date]]) -> Iterator[date]:
    """Yield days that the lake lacks. The lake is read when the first one is consumed."""
    yield from (day for day in days if day not in held())


def _closing_days(pipeline: dlt.Pipeline) -> set[date]:
    """Return the days whose closing rates are in the lake."""
    import pyarrow.compute as pc

    rates = read_columns(pipeline, "rates", ["date", "kind"])
    closing = rates.filter(pc.equal(rates["kind"], "closing"))
    return set(closing["date"].unique().to_pylist())
