"""Deployment that loads chunks, with a fake worker that runs them in this process.

Prefect's server, its runs and their states are real. A real worker would start a
process for each run, which takes seconds: tests/flows/test_backfill.py has one such
test.
"""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any, Iterator
from uuid import uuid4

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.flow_engine import run_flow_sync
from prefect.states import Pending

# Prefect's server with SQLite now and then waits for a lock for a minute.
SECONDS_TO_WAIT = 180


class ChunkDeployment:
    """Deployment whose runs count their days, and can be held or failed."""

    def __init__(self, **options: Any) -> None:
        self.loaded: Counter[str] = Counter()
        """How often each chunk was loaded, by its first day."""
        self.tried: list[str] = []
        """First days of the chunks that began, in their order."""
        self.held: set[str] = set()
        self.failing: set[str] = set()
        self.crashing: set[str] = set()
        self._running = 0
        self._change = threading.Condition()

        @flow(name="load_chunk")
        def load_chunk(first_day: date, last_day: date, currency: str = "USD") -> None:
            self._load(str(first_day))

        self._flow = load_chunk
        with get_client(sync_client=True) as client:
            name = f"backfill-{uuid4().hex[:8]}"
            self.id = client.create_deployment(
                client.create_flow(load_chunk),
                name,
                parameter_openapi_schema=load_chunk.parameters.model_dump(),
                tags=["dev"],
                **options,
            )
        self.name = f"load_chunk/{name}"

    def hold(self, *first_days: str) -> None:
        """Let these chunks start, but not end before `release`."""
        self.held |= set(first_days)

    def release(self) -> None:
        """Let the held chunks end."""
        with self._change:
            self.held.clear()
            self._change.notify_all()

    def wait_until_running(self, number: int) -> None:
        """Wait until exactly `number` chunks run."""
        with self._change:
            if not self._change.wait_for(
                lambda: self._running == number, SECONDS_TO_WAIT
            ):
                raise TimeoutError(f"{self._running} chunks run, not {number}")

    @contextmanager
    def served(self) -> Iterator[ChunkDeployment]:
        """Run each scheduled run in a thread until the end of the context."""
        ended = threading.Event()
        with ThreadPoolExecutor() as threads:
            serving = threads.submit(self._serve, threads, ended)
            try:
                yield self
            finally:
                ended.set()
                serving.result()
                self.release()

    def _serve(self, threads: ThreadPoolExecutor, ended: threading.Event) -> None:
        begun = set()
        # Not a worker's request: it writes, and so would block Prefect's SQLite.
        scheduled = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[self.id]),
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])
            ),
        )
        with get_client(sync_client=True) as client:
            while not ended.wait(0.1):
                for run in client.read_flow_runs(flow_run_filter=scheduled):
                    # A run can be retried. That it is late is no reason to begin it
                    # twice, as a state of its own would be.
                    attempt = run.id, run.run_count
                    if attempt not in begun:
                        begun.add(attempt)
                        threads.submit(self._run, run)

    def _run(self, run: FlowRun) -> None:
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run.id, Pending())
            run = client.read_flow_run(run.id)
        with suppress(SystemExit):  # what Prefect takes for a crash
            run_flow_sync(self._flow, run, run.parameters, return_type="state")

    def _load(self, first_day: str) -> None:
        with self._change:
            self.tried.append(first_day)
            self._running += 1
            self._change.notify_all()
            self._change.wait_for(lambda: first_day not in self.held, SECONDS_TO_WAIT)
            self._running -= 1
            if first_day in self.crashing:
                raise SystemExit
            if first_day in self.failing:
                raise ValueError(f"{first_day} cannot be loaded")
            self.loaded[first_day] += 1
