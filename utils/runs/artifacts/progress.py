"""Progress of a run, as a bar among Prefect's artifacts, and why the run has failed."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from contextvars import copy_context
from traceback import format_exception_only
from types import TracebackType
from typing import TYPE_CHECKING, Iterator
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from utils.errors import ClearError
from utils.redaction.texts import redact
from utils.runs.artifacts.new_artifact import create_artifact
from utils.runs.logging import get_logger
from utils.runs.retries import is_tried_again

if TYPE_CHECKING:
    from utils.runs.terminal_bar import Progress

SECONDS_BETWEEN_UPDATES = 2.0
# Seconds of a run's end that are spent on showing it, and of one request.
LONGEST_WAIT = 5.0


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
    name = f"{flow_run.flow_name}-progress"
    return create_artifact(client, "progress", name, percent, description)


@contextmanager
def failure_is_shown() -> Iterator[None]:
    """Show the failure of work that has no progress artifact in one of its own."""
    try:
        yield
    except BaseException:
        with ProgressArtifact():
            raise


def _ending_of(error: BaseException) -> str:
    """Return the state in which an error ends a run, and the reason."""
    if isinstance(error, asyncio.CancelledError):  # as which Prefect's alarm goes off
        return "TimedOut: the run's time was up"
    if not isinstance(error, Exception):  # Ctrl-C, SIGTERM, sys.exit()
        return f"Ended from outside: {_reason_of(error)}"
    if is_tried_again(error):
        return f"Failed, and is tried again: {_reason_of(error)}"
    return f"Failed: {_reason_of(error)}"


def _reason_of(error: BaseException) -> str:
    """Return a clear error's message, and of another error its class, too."""
    if isinstance(error, ClearError):
        return str(error)
    return "".join(format_exception_only(error)).strip()
