"""Runs are written into a server's database as they are through its API."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any, Iterator

import pytest
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.states import Scheduled

from tests.utils.watch import history_form as form
from tests.utils.watch.histories import history
from tests.utils.watch.played_history import new_state
from tests.utils.watch.server_runs import RUN, STATE, followed, new_run

SEEDS = range(12)
# Ids, when a row was written, and what the client that sets a state adds to it.
OWN = {
    "id",
    "state_id",
    "flow_run_id",
    "created",
    "updated",
    "transition_id",
    "deferred",
}


def kinds(run: form.Run) -> list[tuple[str, str]]:
    return [(state.type, state.name) for state in run.states]


def runs_with_all_transitions() -> Iterator[form.Run]:
    """Yield few runs that have each pair of states that histories have."""
    found: set[Any] = set()
    for seed in SEEDS:
        for run in history(seed).runs:
            pairs = {*pairwise(kinds(run))}
            if pairs - found:
                found |= pairs
                yield run


def compared(row: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in row.items() if key not in OWN}
    if "state_details" in kept:
        details = kept["state_details"].model_dump()
        kept["state_details"] = {k: v for k, v in details.items() if k not in OWN}
    return kept


@pytest.mark.slow
def test_rows_are_those_of_the_api(history_server):
    client, database = history_server.client, history_server.database
    deployment = client.create_deployment(
        flow_id=client.create_flow_from_name("flow"), name="production", tags=["alerts"]
    )
    first = client.create_flow_run_from_deployment(deployment, state=Scheduled())
    (like,) = database.rows(RUN, id=first.id)

    runs = list(runs_with_all_transitions())
    assert len(runs) > 10
    for run in runs:
        states = [new_state(run, state) for state in run.states]
        sent = [
            State(
                type=StateType(each.type),
                name=each.name,
                state_details=StateDetails(scheduled_time=each.scheduled),
            )
            for each in states
        ]
        id = client.create_flow_run_from_deployment(
            deployment, name=run.id, state=sent[0]
        ).id
        for each in sent[1:]:
            client.set_flow_run_state(id, each, force=True)
        (row,) = database.rows(RUN, id=id)
        rows = sorted(database.rows(STATE, flow_run_id=id), key=timestamp)

        written = new_run(like, id, run.id, row["expected_start_time"])
        for state, by_api in zip(states, rows, strict=True):
            written, made = followed(written, state._replace(at=timestamp(by_api)))
            columns = {key: None for key in by_api}
            assert compared(columns | made) == compared(by_api), kinds(run)
        assert compared(written) == compared(row), kinds(run)


def timestamp(row: dict[str, Any]) -> datetime:
    at = row["timestamp"]
    assert isinstance(at, datetime)
    return at
