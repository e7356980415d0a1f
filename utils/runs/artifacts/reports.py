"""The report of a run, as a table among Prefect's artifacts."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Iterator, TypeVar

from prefect.client.orchestration import SyncPrefectClient, get_client

from utils.loading.report import LoadReport
from utils.reports import Report
from utils.runs.artifacts.loaded_tables import (
    LoadedTable,
    TablesReport,
    latest_tables,
    merged,
    metadata_of,
    say_loaded,
    tables_of,
)
from utils.runs.artifacts.new_artifact import create_artifact
from utils.runs.logging import get_logger

AnyReport = TypeVar("AnyReport", bound=Report)


def publish(report: AnyReport) -> AnyReport:
    """Log a report's summary, publish its table as an artifact, and return it."""
    get_logger().info(report.summary)
    with get_client(sync_client=True) as client:
        if isinstance(report, LoadReport):
            _publish_load(client, report)
        else:
            _create_table(client, report)
    return report


def _publish_load(client: SyncPrefectClient, report: LoadReport) -> None:
    """Publish a load's artifact, an event of each table, and the overview of all tables."""
    known: list[LoadedTable] = []
    with _failure_is_a_warning():
        known = latest_tables(client)
    tables = tables_of(report, known)
    _create_table(client, report, metadata_of(tables))
    with _failure_is_a_warning():
        say_loaded(report, tables)
        overview = tuple(merged([*known, *tables]))
        _create_table(client, TablesReport(datetime.now(UTC), overview))


def _create_table(
    client: SyncPrefectClient, report: Report, metadata: dict[str, str] | None = None
) -> None:
    """Create the artifact of a report."""
    records = json.dumps(report.records())
    description = report.description()
    create_artifact(client, "table", report.key, records, description, metadata)


@contextmanager
def _failure_is_a_warning() -> Iterator[None]:
    """Log an error as a warning: the load itself has its report."""
    try:
        yield
    except Exception as error:
        get_logger().warning("The overview of tables cannot be shown: %s", error)
