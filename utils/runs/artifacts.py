"""Prefect artifacts of a run: its progress while it runs, and its report at the end."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from traceback import format_exception_only
from types import TracebackType
from typing import TYPE_CHECKING, Iterator, TypeVar
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.context import TaskRunContext
from prefect.runtime import flow_run
from prefect.utilities.context import get_task_and_flow_run_ids

from utils.errors import ClearError
from utils.errors.transient import is_worth_retrying
from utils.loading.report import LoadReport
from utils.redaction.texts import redact
from utils.reports import Report
from utils.runs.loaded_tables import (
    LoadedTable,
    TablesReport,
    latest_tables,
    merged,
    metadata_of,
    say_loaded,
    tables_of,
)
from utils.runs.logging import get_logger

if TYPE_CHECKING:
    from utils.runs.terminal_bar import Progress

SECONDS_BETWEEN_UPDATES = 2.0

AnyReport = TypeVar("AnyReport", bound=Report)


def publish(report: AnyReport) -> AnyReport:
    """Log a report's summary, publish its table as an artifact, and return it."""
    get_logger().info(report.summary)
    with get_client(sync_client=True) as client:
        if isinstance(report, LoadReport):
            _publish_load(client, report)
        else:
            _create(client, report)
    return report


def _publish_load(client: SyncPrefectClient, report: LoadReport) -> None:
    """Publish a load's artifact, an event of each table, and the overview of all tables."""
    known: list[LoadedTable] = []
    with _failure_is_a_warning("The overview of tables"):
        known = latest_tables(client)
    tables = tables_of(report, known)
    _create(client, report, metadata_of(tables))
    with _failure_is_a_warning("The overview of tables"):
        say_loaded(report, tables)
        overview = tuple(merged([*known, *tables]))
        _create(client, TablesReport(datetime.now(UTC), overview))


def _create(
    client: SyncPrefectClient, report: Report, metadata: dict[str, str] | None = None
) -> None:
    """Create the artifact of a report.

    Prefect's own function has no parameter for an artifact's metadata.
    """
    task_run_id, flow_run_id = get_task_and_flow_run_ids()
    artifact = ArtifactCreate(
        key=_key(report.key),
        type="table",
        data=json.dumps(report.records()),
        description=report.description(),
        metadata_=metadata,
        flow_run_id=flow_run_id,
        task_run_id=task_run_id,
    )
    client.create_artifact(artifact)


class ProgressArtifact:
    """A progress artifact of the current run, updated at most every two seconds.

    As a context it says why the work in it failed. A run never fails because its progress
    could not be shown.
    """

    def __init__(self) -> None:
        self._updated = time.monotonic()
        self._percent = 0.0
        self._id: UUID | None = None
        with _failure_is_a_warning("Progress"):
            created = create_progress_artifact(
                progress=self._percent,
                key=_key(f"{flow_run.flow_name}-progress"),
                description="Start",
            )
            assert isinstance(created, UUID), "a coroutine only in asynchronous code"
            self._id = created

    def __enter__(self) -> ProgressArtifact:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        if error is not None:
            self.update(self._percent, _ending_of(error))

    def show(self, progress: Progress) -> None:
        """Update the artifact, except shortly after the last update."""
        if time.monotonic() - self._updated > SECONDS_BETWEEN_UPDATES:
            self.update(progress.percent, str(progress))

    def update(self, percent: float, description: str) -> None:
        """Update the artifact at once."""
        if self._id is None:
            return
        self._updated, self._percent = time.monotonic(), percent
        with _failure_is_a_warning("Progress"):
            update_progress_artifact(self._id, percent, redact(description))


@contextmanager
def failure_is_shown() -> Iterator[None]:
    """Show the failure of work that has no progress artifact in one of its own."""
    try:
        yield
    except BaseException:
        with ProgressArtifact():
            raise


@contextmanager
def _failure_is_a_warning(what: str) -> Iterator[None]:
    """Log an error as a warning that something cannot be shown."""
    try:
        yield
    except Exception as error:
        get_logger().warning("%s cannot be shown: %s", what, error)


def _ending_of(error: BaseException) -> str:
    """Return the state in which an error ends a run, and the reason."""
    if isinstance(error, asyncio.CancelledError):  # as which Prefect's alarm goes off
        return "TimedOut: the run's time was up"
    if not isinstance(error, Exception):  # Ctrl-C, SIGTERM, sys.exit()
        return f"Ended from outside: {_reason_of(error)}"
    if _is_tried_again(error):
        return f"Failed, and is tried again: {_reason_of(error)}"
    return f"Failed: {_reason_of(error)}"


def _reason_of(error: BaseException) -> str:
    """Return a clear error's message, and of another error its class, too."""
    if isinstance(error, ClearError):
        return str(error)
    return "".join(format_exception_only(error)).strip()


def _is_tried_again(error: Exception) -> bool:
    """Return whether the task in progress, if there is one, tries again."""
    context = TaskRunContext.get()
    if context is None:
        return False
    attempts_left = context.task_run.run_count <= context.task.retries
    return attempts_left and is_worth_retrying(error)


def _key(name: str) -> str:
    """Return a key of lowercase letters, digits and dashes, as Prefect demands."""
    return name.lower().replace("_", "-")
