"""The runs of a backfill's chunks: started, followed to their end, found again later.

Prefect's own runs are the only record of what is done. Those of one backfill carry a tag
made from its arguments, and each chunk is known by the days that its run was given.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator

import httpx
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment

from utils.backfill.chunks import Chunk
from utils.backfill.deployment import Deployment
from utils.errors import ClearError
from utils.runs.logging import get_logger

SECONDS_BETWEEN_LOOKS = 1.0
# Prefect's client bridges a minute by itself.
SECONDS_WITHOUT_SERVER = 15 * 60
SECONDS_AFTER_NO_ANSWER = 10
# A worker asks for runs every quarter of a minute.
WAIT_WORTH_A_WARNING = timedelta(minutes=2)
SECONDS_BETWEEN_WARNINGS = 10 * 60
REFUSED = (400, 409, 422)  # what Prefect answers to parameters that do not fit
PAGE = 200  # the most that Prefect answers at once


@dataclass
class ChunkRun:
    """A chunk, and its latest run."""

    chunk: Chunk
    run: FlowRun | None = None
    tried: bool = False
    """Whether it was this backfill that started the run."""

    @property
    def state(self) -> str:
        """In Prefect's words. A run can be deleted before it ends."""
        if self.run is None:
            return "Deleted" if self.tried else "Not started"
        return self.run.state.name

    @property
    def is_done(self) -> bool:
        return self.run is not None and self.run.state.is_completed()

    @property
    def is_in_flight(self) -> bool:
        return self.run is not None and not self.run.state.is_final()

    @property
    def is_to_start(self) -> bool:
        """Not done and not under way. What failed before this backfill is tried again."""
        return not (self.is_done or self.is_in_flight or self.tried)


class ChunkRuns:
    """A backfill's chunks and their runs, and how far they are."""

    step = "Backfill"

    def __init__(
        self,
        deployment: Deployment,
        chunks: list[Chunk],
        parameters: dict[str, Any],
        name: str,
    ) -> None:
        """Take over the runs that a backfill with the same arguments has left.

        Raises:
            ClearError: The deployment's flow does not have all the parameters.
        """
        deployment.check_parameters(["first_day", "last_day", *parameters])
        self.deployment = deployment
        self.tag = f"backfill:{_digest(deployment.name, parameters, name)}"
        self.chunks = [ChunkRun(chunk) for chunk in chunks]
        self._parameters = parameters
        self._warned = float("-inf")
        self._find_runs()
        self.done_before = len(self.done)

    @property
    def done(self) -> list[ChunkRun]:
        return [each for each in self.chunks if each.is_done]

    @property
    def in_flight(self) -> list[ChunkRun]:
        return [each for each in self.chunks if each.is_in_flight]

    @property
    def to_start(self) -> list[ChunkRun]:
        return [each for each in self.chunks if each.is_to_start]

    @property
    def failed(self) -> list[ChunkRun]:
        """Tried by this backfill, and ended in any other way than completed."""
        return [
            each
            for each in self.chunks
            if each.tried and not each.is_done and not each.is_in_flight
        ]

    @property
    def percent(self) -> float:
        return 100 * len(self.done) / len(self.chunks)

    @property
    def detail(self) -> str:
        """How far the backfill is, in figures."""
        figures = [f"{len(self.done):,} of {len(self.chunks):,} chunks done"]
        if running := len(self.in_flight):
            figures.append(f"{running:,} running")
        if failed := len(self.failed):
            figures.append(f"{failed:,} failed")
        return ", ".join(figures)

    def __str__(self) -> str:
        return f"{self.step}: {self.detail}"

    def complete(self, at_once: int) -> Iterator[ChunkRuns]:
        """Run what is missing, so many at once, and say again and again how far it is.

        A run that a backfill before this one has started is waited for, and the chunk
        run anew if that one does not complete.
        """
        self._say_what_is_to_do(at_once)
        answered = time.monotonic()
        while self.in_flight or self.to_start:
            pause = SECONDS_BETWEEN_LOOKS
            try:
                self._look(at_once)
                for each in self.to_start[: max(at_once - len(self.in_flight), 0)]:
                    self._start(each)
                self._warn_of_waiting()
                answered = time.monotonic()
            except httpx.HTTPError as error:
                if time.monotonic() - answered > SECONDS_WITHOUT_SERVER:
                    raise
                get_logger().warning("Prefect's server does not answer: %s", error)
                pause = SECONDS_AFTER_NO_ANSWER
            yield self
            if self.in_flight or self.to_start:
                time.sleep(pause)

    def _say_what_is_to_do(self, at_once: int) -> None:
        log, name = get_logger(), self.deployment.name
        log.info("%s: %s. Tag of its runs: %s", name, self.detail, self.tag)
        if not self.to_start:
            return
        limit = self.deployment.concurrency_limit()
        if limit is not None and limit < at_once:
            log.warning(
                "%s has a concurrency limit of %d, so that not %d of its chunks run at"
                " once, and its other runs wait too. Take a deployment without a limit.",
                *(name, limit, at_once),
            )
        if reason := self.deployment.obstacle():
            log.warning("Chunks cannot start yet: %s", reason)

    def _find_runs(self) -> None:
        of_days = {tuple(each.chunk.parameters.values()): each for each in self.chunks}
        for run in self._read_runs(tags=FlowRunFilterTags(all_=[self.tag])):
            days = run.parameters.get("first_day"), run.parameters.get("last_day")
            each = of_days.get(days)
            if each and (each.run is None or _weight(run) > _weight(each.run)):
                each.run = run

    def _start(self, each: ChunkRun) -> None:
        """Run the chunk, unless a backfill at the same time has just done so.

        The idempotency key says which run this one follows: whoever wants to follow the
        same one is given the same run by Prefect's server.
        """
        follows = each.run.id if each.run else "none"
        try:
            each.run = run_deployment(
                self.deployment.name,
                parameters={**self._parameters, **each.chunk.parameters},
                flow_run_name=str(each.chunk),
                tags=["backfill", self.tag],
                idempotency_key=f"{self.tag} {each.chunk} after {follows}",
                timeout=0,  # do not wait
                as_subflow=True,  # cancelling the backfill cancels it
            )
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in REFUSED:
                raise
            raise ClearError(
                f"{self.deployment.name} refuses the parameters of {each.chunk}:"
                f" {error.response.text}"
            ) from error
        each.tried = True

    def _look(self, at_once: int) -> None:
        """Ask for the states of the runs that have not ended, and of those to follow.

        Somebody may have let Prefect try a failed run again, or have deleted one.
        """
        next_ones = [each for each in self.to_start[:at_once] if each.run]
        watched = [(each, each.is_in_flight) for each in self.in_flight + next_ones]
        if not watched:
            return
        ids = [each.run.id for each, _ in watched]
        now = {run.id: run for run in self._read_runs(id=FlowRunFilterId(any_=ids))}
        for each, was_in_flight in watched:
            each.run = now.get(each.run.id)
            if was_in_flight and not each.is_in_flight:
                self._log_end(each)

    def _log_end(self, each: ChunkRun) -> None:
        log = get_logger().info if each.is_done else get_logger().warning
        log("%s: %s. %s", each.chunk, each.state, self.detail)

    def _warn_of_waiting(self) -> None:
        """Say that runs do not start: nobody may look at the UI, and they never may."""
        long_ago = datetime.now(timezone.utc) - WAIT_WORTH_A_WARNING
        waiting = [
            each
            for each in self.in_flight
            if each.run.state_type == StateType.SCHEDULED
            and each.run.expected_start_time < long_ago
        ]
        recently = time.monotonic() - self._warned < SECONDS_BETWEEN_WARNINGS
        if not waiting or recently:
            return
        self._warned = time.monotonic()
        get_logger().warning(
            "%d runs should have been started (%s): %s",
            len(waiting),
            waiting[0].state,
            self.deployment.obstacle()
            or "all places of its work pool, queue or worker are taken.",
        )

    def _read_runs(self, **only: Any) -> Iterator[FlowRun]:
        offset = 0
        while True:
            page = self.deployment.client.read_flow_runs(
                flow_run_filter=FlowRunFilter(**only),
                sort=FlowRunSort.EXPECTED_START_TIME_ASC,
                limit=PAGE,
                offset=offset,
            )
            yield from page
            if len(page) < PAGE:
                return
            offset += PAGE


def _digest(*arguments: Any) -> str:
    text = json.dumps(arguments, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _weight(run: FlowRun) -> tuple[bool, bool, datetime]:
    """Of a chunk's runs counts the one that completed, else one that runs, else the last."""
    return run.state.is_completed(), not run.state.is_final(), run.created
