"""Prefect artifacts of a run: its progress while it runs, and its report at the end."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from traceback import format_exception_only
from types import TracebackType
from typing import TYPE_CHECKING, Iterator, TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.context import TaskRunContext
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
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
# Seconds of a run's end that are spent on showing it, and of one request.
LONGEST_WAIT = 5.0

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
    with _failure_is_a_warning("The overview of tables"):
        known = latest_tables(client)
    tables = tables_of(report, known)
    _create_table(client, report, metadata_of(tables))
    with _failure_is_a_warning("The overview of tables"):
        say_loaded(report, tables)
        overview = tuple(merged([*known, *tables]))
        _create_table(client, TablesReport(datetime.now(UTC), overview))


def _create_table(
    client: SyncPrefectClient, report: Report, metadata: dict[str, str] | None = None
) -> None:
    """Create the artifact of a report."""
    records = json.dumps(report.records())
    description = report.description()
    _create(client, "table", _key(report.key), records, description, metadata)


def _create(
    client: SyncPrefectClient,
    type: str,
    key: str,
    data: str | float,
    description: str,
    metadata: dict[str, str] | None = None,
) -> UUID:
    """Create an artifact of the current run, and return its id.

    Prefect's own functions have no parameters for metadata and for the client.
    """
    task_run_id, flow_run_id = get_task_and_flow_run_ids()
    artifact = ArtifactCreate(
        key=key,
        type=type,
        data=data,
        description=description,
        metadata_=metadata,
        flow_run_id=flow_run_id,
        task_run_id=task_run_id,
    )
    return client.create_artifact(artifact).id


class ProgressArtifact:
    """Progress artifact of the current run, which a thread beside the work keeps up to date.

    The work never waits for Prefect's API, except for `LONGEST_WAIT` seconds at its end, and
    never fails because its progress cannot be shown. As a context it says why the work in it
    failed.
    """

    def __init__(self) -> None:
        self._latest = (0.0, "Start")
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._keep_shown,), daemon=True
        )

    def __enter__(self) -> ProgressArtifact:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        if error is not None:
            percent, _ = self._latest
            self.update(percent, _ending_of(error))
        self._ended.set()
        self._thread.join(LONGEST_WAIT)

    def show(self, progress: Progress) -> None:
        """Show a step's progress soon."""
        self.update(progress.percent, str(progress))

    def update(self, percent: float, description: str) -> None:
        """Show this soon."""
        self._latest = (percent, description)

    def _keep_shown(self) -> None:
        # A client of its own, because the run's own is not made for two threads, whose
        # failures are known at once: Prefect's own attempts would go on for minutes.
        with (
            temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
            get_client({"timeout": LONGEST_WAIT}, sync_client=True) as client,
        ):
            created: UUID | None = None
            shown: tuple[float, str] | None = None
            is_told = False
            while True:
                is_last, latest = self._ended.is_set(), self._latest
                try:
                    if latest != shown:
                        created = _show(client, created, *latest)
                        shown, is_told = latest, False
                except Exception as error:
                    if not is_told:
                        get_logger().warning("Progress cannot be shown: %s", error)
                        is_told = True
                if not is_last:
                    self._ended.wait(SECONDS_BETWEEN_UPDATES)
                elif latest == shown:
                    return
                else:  # as long as the process lives
                    time.sleep(SECONDS_BETWEEN_UPDATES)


def _show(
    client: SyncPrefectClient, created: UUID | None, percent: float, description: str
) -> UUID:
    """Create the run's progress artifact, or update it, and return its id."""
    description = redact(description)
    if created:
        update = ArtifactUpdate(data=percent, description=description)
        client.update_artifact(created, update)
        return created
    key = _key(f"{flow_run.flow_name}-progress")
    return _create(client, "progress", key, percent, description)


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
