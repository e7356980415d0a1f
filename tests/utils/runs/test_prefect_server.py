"""Client of Prefect's server, on a fake one."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.fakes.http_server import (
    Answer,
    QuietHandler,
    api,
    json_answer,
    listening,
)
from tests.repository.tree import ROOT
from tests.samples.passwords import shows_no_part
from tests.servers.ports import free_port
from tests.servers.python import python
from utils.errors import ClearError
from utils.runs import prefect_server as module
from utils.runs.prefect_server import (
    SECONDS_BEFORE_RETRY,
    awaited_server,
    prefect_server,
)

BUSY = json_answer({"exception_message": "Service Unavailable"}, status=503)


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """How long was waited for before a request was sent again, in seconds."""
    waited: list[float] = []

    def wait(seconds: float) -> None:
        if seconds:  # The fake server does not wait.
            waited.append(seconds)

    monkeypatch.setattr(time, "sleep", wait)
    return waited


def test_a_request_to_a_busy_server_is_soon_retried(waits):
    with api(BUSY, BUSY, json_answer("3.8.8")) as server:
        with temporary_settings({PREFECT_API_URL: server.url}):
            with prefect_server() as client:
                assert client.api_version() == "3.8.8"
    assert len(waits) == 2
    assert all(
        least <= waited < 2 * least
        for waited, least in zip(waits, SECONDS_BEFORE_RETRY)
    )


def test_a_request_to_a_server_that_stays_busy_fails_at_last(waits):
    with api(BUSY) as server, temporary_settings({PREFECT_API_URL: server.url}):
        with pytest.raises(ClearError, match="503 Service Unavailable"):
            with prefect_server() as client:
                client.api_version()
    assert sum(waits) > 30


def test_an_address_without_the_api():
    with api(json_answer({"detail": "Not Found"}, 404)) as server:
        with temporary_settings({PREFECT_API_URL: server.url}):
            with pytest.raises(ClearError, match="404 Not Found.*ends with /api"):
                with prefect_server():
                    pass


def test_the_servers_own_retry_after_is_kept(waits):
    later = Answer(b"{}", status=503, headers={"Retry-After": "7"})
    with api(later, json_answer("3.8.8")) as server:
        with temporary_settings({PREFECT_API_URL: server.url}):
            with prefect_server() as client:
                client.api_version()
    assert len(waits) == 1 and waits[0] >= 7


def test_a_server_that_is_being_restarted_is_waited_for(monkeypatch):
    class Healthy(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

    port, lines = free_port(), []
    with ExitStack() as started:

        def start(seconds: float) -> None:
            started.enter_context(listening(Healthy, port))

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=start)
        monkeypatch.setattr(module, "time", clock)
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
            with awaited_server(lines.append, 30):
                pass
    (line,) = lines
    assert re.fullmatch(
        r"Prefect's API at http://127\.0\.0\.1:\d+/api: .*refused\. Waiting, at most 30 s",
        line,
    )


def test_a_server_that_stays_away_is_an_error():
    address = f"http://admin:zq7xk9@127.0.0.1:{free_port()}/api"
    with temporary_settings({PREFECT_API_URL: address}):
        with pytest.raises(ClearError, match="does not answer: .* Start it") as raised:
            with awaited_server(lambda _: pytest.fail("told"), 0):
                pass
    assert shows_no_part(raised.value)


def test_a_password_in_the_address_is_not_shown():
    address = f"http://admin:zq7@xk9@127.0.0.1:{free_port()}/api"
    with temporary_settings({PREFECT_API_URL: address}):
        with pytest.raises(ClearError, match="does not answer") as raised:
            with prefect_server():
                pass
    assert shows_no_part(raised.value)


def test_the_temporary_server_has_one_password():
    """The server lives as long as the process, which may run several flows."""
    code = """
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_SERVER_API_AUTH_STRING
from utils.runs.prefect_server import protect_temporary_server
for _ in range(2):
    protect_temporary_server()
    print(PREFECT_API_AUTH_STRING.value(), PREFECT_SERVER_API_AUTH_STRING.value())
"""
    environment = {k: v for k, v in os.environ.items() if k != PREFECT_API_URL.name}
    ended = subprocess.run(
        [python(), "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (password,) = set(ended.stdout.split())
    assert password.startswith("temporary:") and len(password) > 40
