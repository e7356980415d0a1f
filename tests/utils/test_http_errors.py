"""Errors of HTTP APIs: named, in one line, without the query and its secrets."""

from __future__ import annotations

import pytest
import requests

from tests.http_server import Answer, api, json_answer
from utils.http_errors import api_error


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
            " field. Nothing was loaded. The request would be answered the same again:"
            " mend the source or its settings.",
        ),
        (
            json_answer({"message": "API rate limit exceeded for 203.0.113.7."}, 403),
            "pets: GET http://127.0.0.1/v1/pets was answered 403 Forbidden: API rate limit"
            " exceeded for 203.0.113.7. Nothing was loaded. That is a limit on requests."
            " It passes by itself: try again later.",
        ),
        (
            Answer(b"Busy", 503),
            "pets: GET http://127.0.0.1/v1/pets was answered 503 Service Unavailable:"
            " Busy. Nothing was loaded. That was tried several times. Try again later.",
        ),
        (
            Answer(b"<html>Maintenance</html>"),
            "pets: an answer is not JSON but begins with '<html>Maintenance</html>'."
            " Nothing was loaded. Is the address in the settings that of the API?",
        ),
        (
            Answer(b"[1, 2, 3]", cut_off=True),
            "pets: a request had no whole answer (ChunkedEncodingError). Nothing was"
            " loaded. Is the address right, and the network there? Then try again later.",
        ),
    ],
)
def test_it_says_what_and_what_to_do(answer, said):
    assert error_of(answer) == said


def test_a_long_answer_is_shortened():
    assert len(error_of(Answer(b"x" * 10_000, 400))) < 500
