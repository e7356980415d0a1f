"""Activist codes, survey questions, events and signups of VAN into the warehouse."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

import dlt

from sources.van import van_source
from sources.van.windows import is_unfinished
from utils.destinations.pipelines import pipeline_into, type_of
from utils.loading.report import LoadReport, combined
from utils.loading.run import run_pipeline

if TYPE_CHECKING:
    from dlt.common.runtime.collector_base import Collector


def load_van(
    since: date | None = None, progress: Collector | None = None
) -> LoadReport:
    """Merge rows that are new or may have changed, each window of events in its own load.

    A run continues after the windows that an interrupted one has loaded.

    Args:
        since: Day from which on events and their signups are read again.
        progress: Collector that follows the pipeline's steps.

    Raises:
        ApiError: VAN refuses a request, or answers not as documented.
        TypeChanged: A field has another type than in the warehouse.
    """
    pipeline = pipeline_into("warehouse", "van", progress=progress)
    today = datetime.now(timezone.utc).date()
    with type_of(pipeline).keep_open(pipeline):
        reports = [run_pipeline(pipeline, van_source(today, since))]
        while names := _unfinished(pipeline):
            source = van_source(today, since).with_resources(*names)
            reports.append(run_pipeline(pipeline, source))
    return combined(reports)


def _unfinished(pipeline: dlt.Pipeline) -> list[str]:
    """Return the names of resources that have windows left to read."""
    states = pipeline.state["sources"]["van"]["resources"]
    return [name for name, state in states.items() if is_unfinished(state)]
