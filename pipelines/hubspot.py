"""Contacts, companies and deals of a HubSpot account into the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sources.hubspot import hubspot_source
from utils.destinations.pipelines import pipeline_into
from utils.loading.report import LoadReport
from utils.loading.run import run_pipeline

if TYPE_CHECKING:
    from dlt.common.runtime.collector_base import Collector


def load_hubspot(
    full_refresh: bool = False, progress: Collector | None = None
) -> LoadReport:
    """Merge the records changed since the last load into their tables on `id`.

    Args:
        full_refresh: Read all records, and replace the tables.
        progress: Collector that follows the pipeline's steps.

    Raises:
        ApiError: HubSpot refuses a request, or answers not as documented.
        SuspiciouslyFewRows: A full refresh brings far fewer records than a table has.
    """
    pipeline = pipeline_into("warehouse", "hubspot", progress=progress)
    return run_pipeline(pipeline, hubspot_source(full_refresh=full_refresh))
