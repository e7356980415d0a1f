"""History of runs, deployments and work pools, read from Prefect's server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Iterable, Iterator
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType, WorkPoolStatus
from prefect.client.schemas.sorting import FlowRunSort

from utils.runs.prefect_server import read_all
from utils.watch.history import (
    FINAL,
    MOST_DURATIONS,
    Deployment,
    History,
    Memory,
    Run,
    State,
    WorkPool,
    moment,
)
from utils.watch.judge import MESSAGES_FOR
from utils.watch.schedules import WatchedDeployment, deployments_page

TAG = "alerts"
"""Tag of the deployments of which people are told."""
WATCHED = DeploymentFilter.model_validate(
    {"tags": {"any_": [TAG, "dev", "production"]}}
)
# Clocks differ, and a transaction may be seen later than another one that ended after it.
MARGIN = timedelta(minutes=10)
# Two times of one transaction differ by so much.
AT_ONCE = timedelta(seconds=1)
UNFINISHED = [each for each in StateType if each.value not in FINAL]


class PrefectHistory:
    """Reader of the history, which asks for no more than what may have changed.

    Args:
        memory: Memory of the previous reader.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._client: SyncPrefectClient
        self._looked: datetime | None = None
        self._runs: dict[UUID, dict[UUID, Run]] = {}
        """Runs of each deployment."""
        self._states: dict[UUID, tuple[UUID | None, tuple[State, ...]]] = {}
        """States of runs that the server was asked for, with the last one's id."""
        self._flows: dict[UUID, str] = {}

    def look(self, client: SyncPrefectClient) -> History:
        """Return the history as it is now."""
        self._client = client
        now = datetime.now(UTC)
        found = list(read_all(partial(deployments_page, client, WATCHED)))
        self._read_runs(found, now)
        self._looked = now
        deployments = [self._deployment(each, now) for each in found]
        pools = {each.work_pool_name or "" for each in found if TAG in each.tags}
        return History(
            now,
            tuple(each for each in deployments if TAG in each.tags),
            tuple(self._pools(pools, now)),
            others=tuple(each for each in deployments if TAG not in each.tags),
        )

    def _read_runs(self, deployments: list[WatchedDeployment], now: datetime) -> None:
        ids = {each.id for each in deployments}
        paused = self.memory.paused
        self.memory.paused = {id: paused[id] for id in ids & paused.keys()}
        unknown = [each for each in deployments if each.id not in self._runs]
        kept = {
            id: {k: run for k, run in runs.items() if run.state.type in FINAL}
            for id, runs in self._runs.items()
            if id in ids
        }
        self._runs = {id: {} for id in ids} | kept
        for deployment in unknown:
            self._add(self._earlier_runs(deployment.id, now))
        if self._looked:
            self._add(self._ended_since(self._looked - MARGIN, WATCHED))
        self._add(self._unfinished(now))
        for id in ids:
            self._runs[id] = dict(_remembered(self._runs[id], now))
        remembered = {run for runs in self._runs.values() for run in runs}
        for run in self._states.keys() - remembered:
            del self._states[run]

    def _earlier_runs(self, deployment: UUID, now: datetime) -> Iterator[FlowRun]:
        """Yield the last successes before what may be told, and all ends since then."""
        only = DeploymentFilter.model_validate({"id": {"any_": [deployment]}})
        successes = self._client.read_flow_runs(
            deployment_filter=only,
            flow_run_filter=FlowRunFilter.model_validate(
                {
                    "state": {"type": {"any_": [StateType.COMPLETED]}},
                    "end_time": {"before_": now - MESSAGES_FOR},
                }
            ),
            sort=FlowRunSort.END_TIME_DESC,
            limit=MOST_DURATIONS,
        )
        yield from successes
        last = successes[0].end_time if successes else None
        yield from self._ended_since(last or now - timedelta(days=365), only)

    def _ended_since(self, since: datetime, of: DeploymentFilter) -> Iterator[FlowRun]:
        ended = FlowRunFilter.model_validate({"end_time": {"after_": since}})
        return read_all(
            self._client.read_flow_runs,
            deployment_filter=of,
            flow_run_filter=ended,
            sort=FlowRunSort.END_TIME_DESC,
        )

    def _unfinished(self, now: datetime) -> Iterator[FlowRun]:
        unfinished = FlowRunFilter.model_validate(
            {
                "state": {"type": {"any_": UNFINISHED}},
                "expected_start_time": {"before_": now},
            }
        )
        return read_all(
            self._client.read_flow_runs,
            deployment_filter=WATCHED,
            flow_run_filter=unfinished,
            sort=FlowRunSort.ID_DESC,
        )

    def _add(self, runs: Iterable[FlowRun]) -> None:
        for each in runs:
            if each.deployment_id in self._runs and each.state:
                self._runs[each.deployment_id][each.id] = self._run(each)

    def _run(self, run: FlowRun) -> Run:
        return Run(
            id=str(run.id),
            name=run.name,
            expected=moment(
                run.expected_start_time or run.created or datetime.now(UTC)
            ),
            states=self._states_of(run),
            parameters=run.parameters,
            is_scheduled=run.auto_scheduled,
            infrastructure=run.infrastructure_pid or "",
        )

    def _states_of(self, run: FlowRun) -> tuple[State, ...]:
        """Return a run's states. The server is asked for those before that may matter."""
        if not _had_others(run):
            return tuple(_states(run))
        known, states = self._states.get(run.id, (None, ()))
        if not states or known != run.state_id:
            found = self._client.read_flow_run_states(run.id)
            states = tuple(
                State(
                    moment(each.timestamp),
                    each.type.value,
                    each.name or "",
                    each.message or "",
                )
                for each in sorted(found, key=lambda each: each.timestamp)
            )
            self._states[run.id] = run.state_id, states
        return states

    def _deployment(self, found: WatchedDeployment, now: datetime) -> Deployment:
        if found.paused:
            self.memory.paused[found.id] = now
        return Deployment(
            id=str(found.id),
            name=f"{self._flow_name(found.flow_id)}/{found.name}",
            runs=tuple(self._runs[found.id].values()),
            schedules=found.active_schedules(self.memory.paused.get(found.id)),
            concurrency_limit=found.global_concurrency_limit,
            tags=tuple(found.tags),
        )

    def _flow_name(self, flow: UUID) -> str:
        if flow not in self._flows:
            self._flows[flow] = self._client.read_flow(flow).name
        return self._flows[flow]

    def _pools(self, names: set[str], now: datetime) -> Iterator[WorkPool]:
        pools = self._client.read_work_pools()
        before, self.memory.not_ready = self.memory.not_ready, {}
        for pool in pools:
            if pool.name in names:
                if pool.status == WorkPoolStatus.NOT_READY:
                    self.memory.not_ready[pool.name] = before.get(pool.name, now)
                yield WorkPool(pool.name, self.memory.not_ready.get(pool.name))


def _had_others(run: FlowRun) -> bool:
    """Return whether a run had states that its row does not tell.

    It may have been started again after its end, or have been pending before it waits.
    """
    state = run.state
    assert state
    if run.run_count > 1 or run.state_name == "InfrastructurePending":
        return True
    if state.type == StateType.SCHEDULED:
        return run.created is None or state.timestamp > run.created + AT_ONCE
    if run.start_time is None:
        return False
    # Of a run that ends before it runs the server says that it began then.
    ran = run.total_run_time if state.is_final() else timedelta()
    return state.timestamp - run.start_time > ran + AT_ONCE


def _states(run: FlowRun) -> Iterator[State]:
    """Yield the states that matter of a run whose row tells all of them."""
    state = run.state
    assert state
    if run.start_time and run.start_time < state.timestamp:
        yield State(moment(run.start_time), "RUNNING", "Running")
    yield State(
        moment(state.timestamp), state.type.value, state.name or "", state.message or ""
    )


def _remembered(runs: dict[UUID, Run], now: datetime) -> Iterator[tuple[UUID, Run]]:
    """Yield the runs that may still matter.

    A message counts the failures since the success before it, and that may be older than
    all that is told.
    """
    told = now - MESSAGES_FOR
    successes = sorted(
        (
            (run.state.at, id)
            for id, run in runs.items()
            if run.state.type == "COMPLETED" and run.state.at <= told
        ),
        reverse=True,
    )
    kept = {id for _, id in successes[:MOST_DURATIONS]}
    for id, run in runs.items():
        is_since = not successes or run.state.at >= successes[0][0]
        if run.state.type not in FINAL or is_since or id in kept:
            yield id, run
