"""Errors of HTTP APIs: named, in one line, without the query and its secrets."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, contextmanager
from typing import Iterator

import pytest
import requests

from tests.fakes.http_server import Answer, Request, api, json_answer, serving
from tests.servers.ports import free_port
from utils.errors.http import api_error


def error_of(answer: Answer) -> str:
    with api(answer) as server, pytest.raises(requests.RequestException) as raised:
        answered = requests.get(f"{server.url}/v1/pets?key=secret")
        answered.raise_for_status()
        answered.json()
    return str(api_error(raised.value, "pets"))


@pytest.mark.parametrize(
    "answer, said",
    [
        (
            json_answer({"message": "The token is expired."}, 401),
            "pets: GET http://127.0.0.1/v1/pets was answered 401 Unauthorized: The token"
            " is expired. Nothing was loaded. Its credentials are wrong, or lack a right:"
            " sources.pets in .dlt/secrets.toml or the environment, dlt/sources/pets in"
            " the vault.",
        ),
        (
            json_answer({"errors": [{"code": "X", "text": "No such\nfield"}]}, 400),
            "pets: GET http://127.0.0.1/v1/pets was answered 400 Bad Request: No such"
            " field. Nothing was loaded. A retry would get the same answer: fix the"
            " source or its settings.",
        ),
        (
            json_answer({"message": "API rate limit exceeded for 203.0.113.7."}, 403),
            "pets: GET http://127.0.0.1/v1/pets was answered 403 Forbidden: API rate limit"
            " exceeded for 203.0.113.7. Nothing was loaded. That is a limit on requests."
            " It passes by itself: retry later.",
        ),
        (
            Answer(b"Busy", 503),
            "pets: GET http://127.0.0.1/v1/pets was answered 503 Service Unavailable:"
            " Busy. Nothing was loaded. That was tried several times. Retry later.",
        ),
        (
            Answer(b"<html>Maintenance</html>"),
            "pets: an answer is not JSON but begins with '<html>Maintenance</html>'."
            " Nothing was loaded. Is the address in the settings that of the API?",
        ),
        (
            Answer(b"[1, 2, 3]", cut_off=True),
            "pets: a request had no whole answer (ChunkedEncodingError). Nothing was"
            " loaded. Is the address right, and is there a network? Then retry later.",
        ),
    ],
)
def test_it_says_what_and_what_to_do(answer, said):
    assert error_of(answer) == said


def test_a_long_answer_is_shortened():
    assert len(error_of(Answer(b"x" * 10_000, 400))) < 500


ASKED = "pets: GET http://127.0.0.1/pets failed: 127.0.0.1"
SETTING = (
    "request_timeout under [runtime] in .dlt/config.toml, or RUNTIME__REQUEST_TIMEOUT in"
    " the environment."
)


def failure_of(url: str) -> str:
    """Return the error of a request that is given 0.2 s."""
    with pytest.raises(requests.RequestException) as raised:
        requests.get(f"{url}/pets?key=secret", timeout=0.2)
    return str(api_error(raised.value, "pets"))


@pytest.fixture(autouse=True)
def waits_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.2")


def test_an_answer_that_takes_too_long_to_begin_names_the_setting():
    def respond(_: Request) -> Answer:
        time.sleep(0.5)
        return json_answer([])

    with serving(respond) as server:
        assert failure_of(server.url) == (
            f"{ASKED} sent nothing for 0.2 s. Nothing was loaded. That was tried several"
            f" times. If it needs longer to answer, raise {SETTING}"
        )


def test_an_answer_that_pauses_too_long_names_the_setting():
    """requests no longer knows the request then, and calls it a ConnectionError."""
    with api(Answer(b"[1, 2, 3]", seconds=0.5)) as server:
        assert failure_of(server.url) == (
            "pets: a request failed: 127.0.0.1 sent nothing for 0.2 s. Nothing was"
            " loaded. That was tried several times. If it needs longer to answer, raise"
            f" {SETTING}"
        )


@contextmanager
def full_server() -> Iterator[str]:
    """The address of a server whose queue of new connections is full."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        ExitStack() as stack,
    ):
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_server_that_accepts_no_connection_is_told_from_a_slow_one():
    with full_server() as url:
        assert failure_of(url) == (
            f"{ASKED} accepted no connection within 0.2 s. Nothing was loaded. Is the"
            " address right, and is there a network? Then retry later. How long a"
            f" connection may take is {SETTING}"
        )


def test_a_server_that_is_not_there_is_no_matter_of_time():
    assert failure_of(f"http://127.0.0.1:{free_port()}") == (
        f"{ASKED} cannot be reached (Connection refused). Nothing was loaded. Is the"
        " address right, and is there a network? Then retry later."
    )
