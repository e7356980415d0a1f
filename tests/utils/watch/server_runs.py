"""Runs in the database of a Prefect server, written as the server itself writes them.

Through its API a run has the times of the requests. So runs of weeks are written in
seconds by this, and test_server_runs.py compares the rows with those of the API.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Iterable, NamedTuple, cast
from uuid import UUID, uuid4

import sqlalchemy as sa
from prefect.server.database import orm_models
from prefect.server.schemas.states import StateDetails

from utils.watch.history import FINAL

RUN = cast(sa.Table, orm_models.FlowRun.__table__)
STATE = cast(sa.Table, orm_models.FlowRunState.__table__)
Row = dict[str, Any]


class NewState(NamedTuple):
    """State into which a run comes."""

    at: datetime
    type: str
    name: str
    scheduled: datetime | None = None
    """When it is to go on, if it is of the type SCHEDULED."""


def new_run(like: Row, id: UUID, name: str, expected: datetime) -> Row:
    """Return the row of a run without states.

    Args:
        like: Row of a run of the same deployment that was made through the API.
        id: Its id.
        name: Its name.
        expected: When it is to start.
    """
    states = {column: None for column in like if column.startswith("state_")}
    times = {"start_time": None, "end_time": None, "next_scheduled_start_time": None}
    counts = {"run_count": 0, "total_run_time": timedelta()}
    own = {"id": id, "name": name, "expected_start_time": expected}
    return like | states | times | counts | own


def followed(run: Row, state: NewState) -> tuple[Row, Row]:
    """Return a run's row after a new state, and the state's row."""
    id, is_final = uuid4(), state.type in FINAL
    start, end = run["start_time"], run["end_time"]
    if run["state_type"] in FINAL and not is_final:
        end = None
    if state.type == "RUNNING" or is_final and not end:
        start = start or state.at
    if is_final:
        end = end or state.at
    ran = timedelta()
    if run["state_type"] == "RUNNING":
        ran = state.at - run["state_timestamp"]
    changed = {
        "state_id": id,
        "state_type": state.type,
        "state_name": state.name,
        "state_timestamp": state.at,
        "start_time": start,
        "end_time": end,
        "next_scheduled_start_time": state.scheduled,
        "run_count": run["run_count"] + (state.type == "RUNNING"),
        "total_run_time": run["total_run_time"] + ran,
        "updated": state.at,
    }
    if run["state_type"] is None:
        changed["created"] = state.at
    row = {
        "id": id,
        "created": state.at,
        "updated": state.at,
        "flow_run_id": run["id"],
        "type": state.type,
        "name": state.name,
        "timestamp": state.at,
        "state_details": StateDetails(
            flow_run_id=run["id"], scheduled_time=cast(Any, state.scheduled)
        ),
    }
    return run | changed, row


class ServerDatabase:
    """SQLite database of a server that runs."""

    def __init__(self, file: Path) -> None:
        self._engine = sa.create_engine(f"sqlite:///{file}")

    def rows(self, table: sa.Table, **where: Any) -> list[Row]:
        """Return the rows whose columns have the values."""
        query = sa.select(table).filter_by(**where)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def update(self, table: sa.Table, values: Row, **where: Any) -> None:
        """Set columns of the rows whose columns have the values."""
        with self._engine.begin() as connection:
            connection.execute(sa.update(table).filter_by(**where).values(**values))

    def write(self, runs: Iterable[Row], states: Iterable[Row]) -> None:
        """Write runs, new ones and such that were there, and new states."""
        with self._engine.begin() as connection:
            for table, rows in ((RUN, list(runs)), (STATE, list(states))):
                if rows:
                    insert = sa.insert(table).prefix_with("OR REPLACE")
                    connection.execute(insert, rows)

    def empty(self, *tables: sa.Table) -> None:
        """Delete all rows of tables."""
        with self._engine.begin() as connection:
            for table in tables:
                connection.execute(sa.delete(table))

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()
