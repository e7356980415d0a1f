"""Server that `python -m infrastructure.local_server` starts, in a home of its own."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator

import httpx
import psutil
from prefect.client.orchestration import SyncPrefectClient

from tests.repository.tree import ROOT
from tests.servers.ports import free_port
from tests.servers.prefect import START_SECONDS, prepare_home
from tests.servers.prefect_api import ask
from tests.servers.python import python
from tests.servers.waiting import stop, until

PROFILE = "data-platform"
# `flows` has no flow that waits.
WAITING_FLOW = """
from tests.end_to_end.flow_that_waits import wait_for_file
from utils.runs.command_line import run_from_command_line
run_from_command_line(wait_for_file)
"""
SIGN_IN = re.compile(r"file://\S+\.html")


@dataclass
class RunningServer:
    """A Prefect server, and what its client needs."""

    url: str
    home: Path
    password: str | None = None
    sign_in: str = ""
    """Address of the page that opens the UI, signed in."""

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    @cached_property
    def client(self) -> SyncPrefectClient:
        """Client with the password, one for all, so that it has one CSRF token."""
        return SyncPrefectClient(f"{self.url}/api", auth_string=self.password)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a person who has set the profile, and nothing else."""
        return environment_without_server(self.home) | {"PREFECT_PROFILE": PROFILE}

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        """Send a request as Prefect's own client does, and return the answer."""
        answer = self.client._client.request(method, path, json=content)
        return answer.raise_for_status().json() if answer.content else None


def environment_without_server(home: Path) -> dict[str, str]:
    """Return the tests' environment with another home, without the tests' server."""
    kept = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    return kept | {
        "PREFECT_HOME": str(home),
        # by default events wait for five seconds
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.2",
    }


@contextmanager
def _started(home: Path, log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python in a home, which if it is new gets an empty database of Prefect's."""
    prepare_home(home)
    with log.open("w") as output:
        process = subprocess.Popen(
            [python(), *words],
            cwd=ROOT,
            env=environment_without_server(home),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        stop(process)


@contextmanager
def running_local_server(home: Path) -> Iterator[RunningServer]:
    """Run the README's command until the server answers."""
    log = home / "local_server.log"
    port = free_port()
    words = ("-m", "infrastructure.local_server", "--port", str(port))
    with _started(home, log, *words) as command:

        def page() -> re.Match[str] | None:
            assert command.poll() is None, log.read_text()
            return SIGN_IN.search(log.read_text())

        sign_in = until(page, "the page to sign in", START_SECONDS)[0]
        yield RunningServer(f"http://127.0.0.1:{port}", home, password(home), sign_in)


@contextmanager
def running_temporary_server(home: Path) -> Iterator[RunningServer]:
    """Run a flow as `python -m flows.x` does without a server, until the context's end."""
    go_on = home / "go on"
    log = home / "flow.log"
    with _started(home, log, "-c", WAITING_FLOW, "--path", str(go_on)) as flow:

        def found() -> RunningServer | None:
            assert flow.poll() is None, log.read_text()
            return _temporary_server(home)

        yield until(found, "the temporary server", START_SECONDS)
        go_on.touch()
        assert flow.wait(60) == 0, log.read_text()


def _temporary_server(home: Path) -> RunningServer | None:
    """Return the server among the home's processes, with its password, if it answers."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, httpx.HTTPError):
            words, environment = process.cmdline(), process.environ()
            if "uvicorn" in words and environment.get("PREFECT_HOME") == str(home):
                url = f"http://127.0.0.1:{words[words.index('--port') + 1]}"
                ask("GET", f"{url}/api/health").raise_for_status()
                password = environment.get("PREFECT_SERVER_API_AUTH_STRING")
                return RunningServer(url, home, password)
    return None


def password(home: Path) -> str:
    """Return the password that the profile holds."""
    profiles = tomllib.loads((home / "profiles.toml").read_text())["profiles"]
    return profiles[PROFILE]["PREFECT_API_AUTH_STRING"]
