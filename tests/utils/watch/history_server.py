"""Real Prefect server on which histories of weeks are played, by their own clock."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from prefect.client.orchestration import SyncPrefectClient

from tests.servers.ports import free_port
from tests.servers.prefect import running_server
from tests.utils.watch.server_runs import ServerDatabase
from tests.utils.watch.watched_server import PASSWORD, SETTINGS

SERVICES = (
    "SCHEDULER",  # makes runs, which the history has
    "LATE_RUNS",  # names runs Late, as the history does
    "FOREMAN",  # finds workers without a heartbeat, as the history does
    "PAUSE_EXPIRATIONS",
    "REPOSSESSOR",
    "CANCELLATION_CLEANUP",
    "EVENT_PERSISTER",
    "TRIGGERS",
)
"""Services of the server that would act by the clock on the wall."""


@dataclass
class HistoryServer:
    """Server on which histories are played, one after the other."""

    client: SyncPrefectClient
    database: ServerDatabase


@contextmanager
def history_server(folder: Path) -> Iterator[HistoryServer]:
    """Run a server that does nothing by itself."""
    home, api = folder / "server", f"http://127.0.0.1:{free_port()}/api"
    quiet = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in SERVICES}
    with running_server(home, api, SETTINGS | quiet):
        with SyncPrefectClient(api, auth_string=PASSWORD) as client:
            database = ServerDatabase(home / "prefect.db")
            yield HistoryServer(client, database)
            database.close()
