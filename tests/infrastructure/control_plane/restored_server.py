"""A real server on PostgreSQL that gets back an old backup while its runs were going."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Iterator
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled

from tests.drills.prefect_postgres import (
    PROGRAMS,
    PrefectPostgres,
    running_prefect_postgres,
)
from tests.utils.watch.watched_server import WatchedServer, watched_server

# Of the tables that hold times, those that tell the age of what happened.
TIMES = {
    "flow_run": "expected_start_time next_scheduled_start_time start_time end_time"
    " state_timestamp created",
    "flow_run_state": "timestamp created",
    "events": "occurred received",
    "deployment_schedule": "created updated",
    "deployment": "created updated",
    "automation_bucket": "start end",
}


@dataclass
class RestoredServer:
    """Server whose database is put back."""

    watched: WatchedServer
    postgres: PrefectPostgres
    backup: Path

    def back_up(self, hours_ago: float = 0) -> None:
        """Write a backup as `python -m infrastructure.control_plane backup` does.

        Args:
            hours_ago: How long ago all has happened of which it knows.
        """
        self.postgres.back_up(self.backup)
        if hours_ago:
            self._change_backup(*_moves(hours_ago))

    def back_up_without_runs(self) -> None:
        """Write the backup of a server that has had no run."""
        self.postgres.back_up(self.backup)
        self._change_backup("TRUNCATE flow_run, events CASCADE")

    def _change_backup(self, *statements: str) -> None:
        self.postgres.query("CREATE DATABASE changed", "postgres")
        restore = "pg_restore --exit-on-error --dbname=changed"
        self.postgres.shell(f"{restore} '{self.backup}'")
        for each in statements:
            self.postgres.query(each, "changed")
        self.postgres.shell(f"pg_dump --format=custom changed > '{self.backup}'")
        self.postgres.query("DROP DATABASE changed", "postgres")

    def restore(self, backup: Path | None = None) -> str:
        """Put a backup back while the server is stopped, and return what is told."""
        return self.postgres.restore(backup or self.backup)

    def scheduled(self, deployment: UUID, hours: float) -> FlowRun:
        """Make a run that is to begin in so many hours."""
        at = datetime.now(UTC) + timedelta(hours=hours)
        return self.watched.client.create_flow_run_from_deployment(
            deployment, state=Scheduled(scheduled_time=at)
        )

    def next_runs(self, deployment: UUID) -> list[FlowRun]:
        """Return the runs that a schedule has made, and that are still to come."""
        return [
            run
            for run in self.watched.client.read_flow_runs()
            if run.deployment_id == deployment and run.auto_scheduled
            if run.expected_start_time and run.expected_start_time > datetime.now(UTC)
        ]

    def state(self, run: FlowRun) -> str:
        """Return the name of a run's state."""
        return self.watched.client.read_flow_run(run.id).state_name or ""


def _moves(hours: float) -> Iterator[str]:
    """Yield statements by which all has happened so many hours earlier."""
    for table, columns in TIMES.items():
        moves = ", ".join(
            f'"{each}" = "{each}" - interval \'{hours} hours\''
            for each in columns.split()
        )
        yield f"UPDATE {table} SET {moves}"
    # The key of a schedule's run tells the hour it was for: those hours are free.
    yield "UPDATE flow_run SET idempotency_key = NULL"


@contextmanager
def restored_server(folder: Path) -> Iterator[RestoredServer]:
    """Run a server with automations and places; skip where PostgreSQL is missing."""
    if not list(PROGRAMS.glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    with running_prefect_postgres() as postgres:
        with watched_server(folder, postgres.settings) as server:
            server.apply(within=15.0)
            yield RestoredServer(server, postgres, folder / "prefect.dump")
