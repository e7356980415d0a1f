"""History of some weeks that is played on a real Prefect server.

Deployments, schedules, pauses and work pools change through the API, after which the times
that watch reads are set to those of the history. Runs are written by server_runs.py, as made
by hand: of those that a schedule has made, a pause deletes the ones that wait. What loads
leave of their tables comes from server_tables.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Callable, Iterator, cast
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.server.database import orm_models
from prefect.states import Scheduled

from tests.samples.clock import clock
from tests.utils.watch import history_form as form
from tests.utils.watch.history_server import HistoryServer
from tests.utils.watch.server_runs import (
    RUN,
    STATE,
    NewState,
    Row,
    followed,
    new_run,
)
from tests.utils.watch.server_tables import (
    ARTIFACT,
    LATEST,
    leave_load,
    without_dataset,
)
from tests.utils.watch.simulation import TAG, at
from utils.watch import history as known
from utils.watch import prefect_history
from utils.watch.look import promised_tables
from utils.watch.prefect_history import PrefectHistory

DEPLOYMENT = cast(sa.Table, orm_models.Deployment.__table__)
SCHEDULE = cast(sa.Table, orm_models.DeploymentSchedule.__table__)
POOL = cast(sa.Table, orm_models.WorkPool.__table__)
QUEUE = cast(sa.Table, orm_models.WorkQueue.__table__)
WORKER = cast(sa.Table, orm_models.Worker.__table__)


class PlayedHistory:
    """History, and how much of it a server has."""

    def __init__(self, history: form.History, server: HistoryServer) -> None:
        self._history = history
        self._client, self._database = server.client, server.database
        self._until = -1
        self._schedules: dict[tuple[str, form.Schedule], UUID] = {}
        self._runs: dict[str, Row] = {}
        self._database.empty(STATE, RUN, SCHEDULE, DEPLOYMENT, WORKER, QUEUE, POOL)
        self._database.empty(LATEST, ARTIFACT)
        for pool in history.pools:
            self._client.create_work_pool(
                WorkPoolCreate(name=pool.name, type="process")
            )
        self._deployments = {each.id: self._make(each) for each in history.deployments}
        self._like = {each.id: self._run_of(each) for each in history.deployments}
        self._owner = next(each for each in history.deployments if TAG in each.tags)
        self._ids = {str(id): name for name, id in self._deployments.items()}
        self._changes = sorted(self._all_changes(), key=lambda change: change[0])

    def look(self, reader: PrefectHistory, time: int) -> known.History:
        """Return what a reader reads at a time, with the ids of the history."""
        self._play(time)
        with clock(prefect_history, at(time)):
            found = reader.look(self._client)
        tables = promised_tables(self._client, found)
        return self._named(replace(found, tables=tables))

    def _play(self, time: int) -> None:
        """Bring the server to a time."""
        for when, change in self._changes:
            if self._until < when <= time:
                change()
        states, runs = [], {}
        for run in self._history.runs:
            for state in run.states:
                if self._until < state.time <= time:
                    row = self._runs.get(run.id) or self._new(run)
                    self._runs[run.id], made = followed(row, new_state(run, state))
                    runs[run.id] = self._runs[run.id]
                    states.append(made)
        self._database.write(runs.values(), states)
        self._until = time

    def _named(self, found: known.History) -> known.History:
        return replace(
            found,
            tables=tuple(map(without_dataset, found.tables)),
            deployments=tuple(
                replace(
                    each,
                    id=self._ids[each.id],
                    runs=tuple(replace(run, id=run.name) for run in each.runs),
                )
                for each in found.deployments
            ),
        )

    def _make(self, deployment: form.Deployment) -> UUID:
        flow = self._client.create_flow_from_name(deployment.id)
        return self._client.create_deployment(
            flow_id=flow,
            name=deployment.name,
            tags=list(deployment.tags),
            work_pool_name=deployment.pool,
        )

    def _run_of(self, deployment: form.Deployment) -> Row:
        """Return the row of a run that is made through the API, and deleted."""
        run = self._client.create_flow_run_from_deployment(
            self._deployments[deployment.id], state=Scheduled()
        )
        (row,) = self._database.rows(RUN, id=run.id)
        self._database.empty(STATE, RUN)
        return row

    def _new(self, run: form.Run) -> Row:
        id = uuid5(NAMESPACE_URL, run.id)
        return new_run(self._like[run.deployment], id, run.id, at(run.expected))

    def _all_changes(self) -> Iterator[tuple[int, Callable[[], None]]]:
        for pool in self._history.pools:
            for status in pool.statuses:
                yield status.time, partial(self._set_status, pool.name, status.status)
        for table in self._history.tables:
            for load in table.loads:
                leave = partial(leave_load, self._client, self._owner, table, load)
                yield load.time, leave
        for each in self._history.deployments:
            for pause in each.paused:
                yield pause.time, partial(self._pause, each.id, pause.on)
            for schedule in each.schedules:
                for change in schedule.active:
                    yield change.time, partial(self._switch, each.id, schedule, change)

    def _pause(self, deployment: str, on: bool) -> None:
        id = self._deployments[deployment]
        if on:
            self._client.pause_deployment(id)
        else:
            self._client.resume_deployment(id)

    def _switch(
        self, deployment: str, schedule: form.Schedule, change: form.Change
    ) -> None:
        """Make a schedule, make it anew as a deploy does, or switch it."""
        key = deployment, schedule
        path = f"/deployments/{self._deployments[deployment]}/schedules"
        before = [each for each in schedule.active if each.time < change.time]
        times = {"updated": at(change.time)}
        if change.on and (not before or before[-1].on):
            if before:
                self._client.request("DELETE", f"{path}/{self._schedules[key]}")
            body: Any = [{"schedule": interval(schedule), "active": True}]
            (made,) = self._client.request("POST", path, json=body).json()
            self._schedules[key] = UUID(made["id"])
            times["created"] = at(change.time)
        else:
            body = {"active": change.on}
            self._client.request("PATCH", f"{path}/{self._schedules[key]}", json=body)
        self._database.update(SCHEDULE, times, id=self._schedules[key])

    def _set_status(self, name: str, status: str) -> None:
        """Bring a pool into a status as people, workers and the server's foreman do."""
        if status == "PAUSED":
            self._client.update_work_pool(name, WorkPoolUpdate(is_paused=True))
            return
        pool = self._client.read_work_pool(name)
        if status == "NOT_READY":
            self._database.update(WORKER, {"status": "OFFLINE"}, work_pool_id=pool.id)
            self._database.update(POOL, {"status": status}, id=pool.id)
        else:
            self._client.send_worker_heartbeat(name, "the worker", 30)
        if pool.is_paused:
            self._client.update_work_pool(name, WorkPoolUpdate(is_paused=False))


def new_state(run: form.Run, state: form.State) -> NewState:
    """Return a state of a run as the server writes it."""
    waits_for = {"Scheduled": run.expected, "Late": run.expected}
    scheduled = None
    if state.type == "SCHEDULED":
        scheduled = at(waits_for.get(state.name, state.time))
    return NewState(at(state.time), state.type, state.name, scheduled)


def interval(schedule: form.Schedule) -> dict[str, Any]:
    """Return a schedule as the API takes it."""
    return {
        "interval": timedelta(seconds=schedule.every).total_seconds(),
        "anchor_date": at(schedule.anchor).isoformat(),
        "timezone": "UTC",
    }
