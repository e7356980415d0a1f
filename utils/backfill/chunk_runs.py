"""Starts the runs of a backfill's chunks, and follows them to their end.

Prefect's own runs are the only record of what is done. The runs of one backfill carry a
tag made from its arguments, and a chunk's run is found by its parameters.
"""

from __future__ import annotations

import hashlib
import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator

import httpx
from prefect.client.schemas.filters import FlowRunFilterId, FlowRunFilterTags
from prefect.client.schemas.objects import StateType

from utils.backfill.chunks import Chunk
from utils.backfill.early_stop import EarlyStop
from utils.backfill.progress import BackfillProgress, ChunkRun
from utils.backfill.target import BackfillTarget
from utils.errors import ClearError
from utils.runs.logging import get_logger

SECONDS_BETWEEN_LOOKS = 1.0
# Prefect's client bridges a minute by itself.
SECONDS_WITHOUT_SERVER = 15 * 60
SECONDS_AFTER_NO_ANSWER = 10
# A worker asks for runs every quarter of a minute.
WAIT_WORTH_A_WARNING = timedelta(minutes=2)
SECONDS_BETWEEN_WARNINGS = 10 * 60
# A task of Fargate's begins after a minute or two.
LONGEST_PENDING = timedelta(minutes=4)


class ChunkRuns:
    """The runs of a backfill's chunks."""

    def __init__(
        self,
        target: BackfillTarget,
        chunks: list[Chunk],
        parameters: dict[str, Any],
        name: str,
    ) -> None:
        """Take over the runs of earlier backfills with the same arguments.

        Args:
            target: Deployment that runs the chunks.
            chunks: Chunks of the range.
            parameters: Parameters of every run, beside the chunk's days.
            name: Name of the backfill. A new name runs all chunks again.

        Raises:
            ClearError: The deployment's flow lacks one of the parameters.
        """
        target.check_parameters(["first_day", "last_day", *parameters])
        self.target = target
        self.tag = tag_of(target.name, parameters, name)
        self.progress = BackfillProgress(chunks)
        self._parameters = parameters
        self._warned = float("-inf")
        self._find_runs()
        self.progress.done_before = len(self.progress.done)

    def complete(self, at_once: int) -> Iterator[BackfillProgress]:
        """Run the missing chunks, and yield the progress after every look at them.

        A run that an earlier backfill left in progress is waited for, and its chunk is
        run again if that run does not complete. So is a chunk whose run this one has lost,
        with its worker, for example. It ends early if the first chunks fail for the same
        reason.

        Args:
            at_once: Most runs that are in progress at the same time.
        """
        progress = self.progress
        early_stop = EarlyStop(progress, at_once)
        self._log_beginning(at_once)
        answered = time.monotonic()
        while progress.goes_on:
            pause = SECONDS_BETWEEN_LOOKS
            try:
                self._look(at_once)
                self._give_up_pending()
                for each in early_stop.to_start():
                    self._start(each)
                self._warn_of_waiting()
                answered = time.monotonic()
            except httpx.HTTPError as error:
                if time.monotonic() - answered > SECONDS_WITHOUT_SERVER:
                    raise
                get_logger().warning("Prefect's server does not answer: %s", error)
                pause = SECONDS_AFTER_NO_ANSWER
            yield progress
            if progress.goes_on:
                time.sleep(pause)

    def _log_beginning(self, at_once: int) -> None:
        log, name = get_logger(), self.target.name
        log.info("%s: %s. Tag of its runs: %s", name, self.progress.detail, self.tag)
        if not self.progress.to_start:
            return
        limit = self.target.concurrency_limit()
        if limit is not None and limit < at_once:
            log.warning(
                "%s has a concurrency limit of %d, so that not %d of its chunks run at"
                " once, and its other runs wait too. Take a deployment without a limit.",
                *(name, limit, at_once),
            )
        if reason := self.target.obstacle():
            log.warning("Chunks cannot start yet: %s", reason)

    def _find_runs(self) -> None:
        by_days: dict[tuple[Any, ...], ChunkRun] = {
            tuple(each.chunk.parameters.values()): each for each in self.progress.chunks
        }
        for run in self.target.read_runs(tags=FlowRunFilterTags(all_=[self.tag])):
            days = run.parameters.get("first_day"), run.parameters.get("last_day")
            if each := by_days.get(days):
                each.prefer(run)

    def _start(self, each: ChunkRun) -> None:
        """Run the chunk, unless a simultaneous backfill has just started it.

        The idempotency key names the run that this one follows: Prefect's server gives
        the same run to all backfills that follow the same one.
        """
        follows = each.run.id if each.run else "none"
        each.run = self.target.start(
            str(each.chunk),
            parameters={**self._parameters, **each.chunk.parameters},
            tags=["backfill", self.tag],
            idempotency_key=f"{self.tag} {each.chunk} after {follows}",
        )
        each.starts += 1

    def _look(self, at_once: int) -> None:
        """Update the states of the runs in progress, and of the failed ones to retry.

        A failed run may have been retried with Prefect's button, and a run be deleted.
        """
        watched = self.progress.in_progress + self.progress.to_start[:at_once]
        before = {each.run.id: each for each in watched if each.run}
        if not before:
            return
        ids = FlowRunFilterId(any_=list(before))
        now = {run.id: run for run in self.target.read_runs(id=ids)}
        for run_id, each in before.items():
            was_in_progress = each.is_in_progress
            each.run = now.get(run_id)
            if was_in_progress and not each.is_in_progress:
                self._log_end(each)

    def _log_end(self, each: ChunkRun) -> None:
        log = get_logger().info if each.is_done else get_logger().warning
        state = f"{each.state} ({each.reason})" if each.reason else each.state
        again = ", and is run again" if each.is_to_start else ""
        log("%s: %s%s. %s", each.chunk, state, again, self.progress.detail)

    def _give_up_pending(self) -> None:
        """End runs that have been pending for too long: their worker is gone.

        A task that begins later finds its run crashed, and ends (`utils.runs.__main__`).
        """
        long_ago = datetime.now(timezone.utc) - LONGEST_PENDING
        minutes = LONGEST_PENDING.total_seconds() / 60
        reason = f"pending for {minutes:.0f} minutes, its worker is gone"
        for each in self.progress.in_progress:
            if each.run and each.is_pending(long_ago):
                each.run = self.target.give_up(each.run, reason)
                if not each.is_in_progress:
                    self._log_end(each)

    def _warn_of_waiting(self) -> None:
        """Warn of runs that do not start, for which there may never be a worker."""
        long_ago = datetime.now(timezone.utc) - WAIT_WORTH_A_WARNING
        waiting = [each for each in self.progress.chunks if each.is_waiting(long_ago)]
        recently = time.monotonic() - self._warned < SECONDS_BETWEEN_WARNINGS
        if not waiting or recently:
            return
        self._warned = time.monotonic()
        get_logger().warning(
            "%d runs should have been started (%s): %s",
            len(waiting),
            waiting[0].state,
            self.target.obstacle() or _reason_to_wait(waiting[0]),
        )


def _reason_to_wait(run: ChunkRun) -> str:
    if run.run and run.run.state_type == StateType.PENDING:
        return "a worker has taken them, and has not begun. It may be gone."
    return "all places of its work pool, queue or worker are taken."


def tag_of(target: str, parameters: dict[str, Any], name: str) -> str:
    """Return the tag of the runs of all backfills with these arguments.

    Raises:
        ClearError: The parameters are no JSON that Prefect could keep.
    """
    try:
        text = json.dumps((target, parameters, name), sort_keys=True, default=str)
    except (RecursionError, TypeError, ValueError) as error:
        raise ClearError(
            "The parameters of the chunks are nested too deeply, or have a number with too"
            " many digits. No chunk was started. Shorten them."
        ) from error
    return f"backfill:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
