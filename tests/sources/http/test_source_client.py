"""The client of one server: retries, largest answers, no way to another server."""

from __future__ import annotations

import pytest
from requests import HTTPError, JSONDecodeError
from requests.exceptions import ConnectionError

from sources.http.server_address import OtherServer
from sources.http.source_client import (
    MOST_BYTES,
    MOST_BYTES_OF_AN_ERROR,
    AnswerTooLong,
    SourceClient,
)
from tests.fakes.hostile_server import ENDLESS, Reply, replying
from tests.fakes.http_server import Answer, api
from utils.settings.errors import ConfigurationError

SETTING = "sources.pets.base_url"


def client(url: str) -> SourceClient:
    return SourceClient(url, SETTING)


@pytest.mark.parametrize("zipped", [False, True])
def test_an_answer_may_have_the_most_bytes_and_not_one_more(zipped):
    longest = Reply(b"x" * 2**16, MOST_BYTES // 2**16, zipped=zipped)
    with replying(longest) as server:
        assert len(client(server.url).get(server.url).content) == MOST_BYTES
    longer = Reply(b"x" * 2**16, MOST_BYTES // 2**16, last=b"x", zipped=zipped)
    with replying(longer) as server:
        with pytest.raises(AnswerTooLong) as error:
            client(server.url).get(server.url)
        assert len(server.paths) == 1
    assert str(error.value) == (
        f"{server.url} answered with more than 8 MiB, and the rest was not read. Nothing"
        f" was loaded. Is {SETTING} the right address? If such answers are right, raise"
        " MOST_BYTES in sources/http/source_client.py, and the memory of the flow's tasks."
    )


def test_an_error_is_cut_off_and_retried_as_any_other():
    with replying(Reply(b"no " * 2**15, ENDLESS, status=503)) as server:
        with pytest.raises(HTTPError) as error:
            client(server.url).get(server.url)
        assert len(server.paths) == 5
    assert error.value.response.status_code == 503
    assert len(error.value.response.content) == MOST_BYTES_OF_AN_ERROR


def test_the_connection_of_a_cut_answer_is_not_used_again():
    replies = [Reply(b"x" * 2**16, 3, status=404), Reply(b"right")]
    with replying(lambda _: replies.pop(0)) as server:
        session = client(server.url)
        with pytest.raises(HTTPError):
            session.get(server.url)
        assert session.get(server.url).content == b"right"


def test_broken_connections_are_retried():
    with api(Answer(b"right", cut_off=True), Answer(b"right")) as server:
        assert client(server.url).get(server.url).content == b"right"
        assert len(server.requests) == 2


def test_a_redirect_on_the_same_server_is_followed():
    moved = Answer(status=302, headers={"Location": "/new"})
    with api(moved, Answer(b"right")) as server:
        assert client(server.url).get(server.url + "/old").content == b"right"
        assert server.paths == ["/old", "/new"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_not_followed(status):
    with api(Answer(b"stolen")) as other:
        away = Answer(status=status, headers={"Location": f"{other.url}/?x=1"})
        with api(away) as server:
            with pytest.raises(OtherServer) as error:
                client(server.url).get(server.url, headers={"Authorization": "key"})
            assert len(server.requests) == 1
        assert other.requests == []
    assert str(error.value) == (
        f"{server.url} redirects to {other.url}. No request was sent there, as it might be"
        " a stranger's, and nothing was loaded. If the source has moved for good, set"
        f" {SETTING} to its new address."
    )


def test_a_link_to_another_server_is_not_followed():
    with api(Answer(b"stolen")) as other, api(Answer()) as server:
        with pytest.raises(OtherServer, match="links to"):
            client(server.url).get(other.url, headers={"Authorization": "key"})
        assert other.requests == server.requests == []


def test_a_body_that_is_not_packed_as_it_says_cannot_go_on_for_ever():
    """requests reads that of a redirect in another way."""
    headers = {"Location": "/", "Content-Encoding": "gzip"}
    with replying(Reply(b"x" * 2**16, ENDLESS, status=302, headers=headers)) as server:
        with pytest.raises(Exception, match="redirects"):
            client(server.url).get(server.url)


@pytest.mark.parametrize(
    "body, problem",
    [
        (b"[" * 10_000, "nested too deeply"),
        (b"9" * 5_000, "a number has too many digits"),
        (b"no", "Expecting value"),
    ],
)
def test_json_that_python_cannot_hold_is_none(body, problem):
    with api(Answer(body)) as server:
        with pytest.raises(JSONDecodeError, match=problem):
            client(server.url).get(server.url).json()


def test_headers_without_end():
    with replying(Reply(headers={"X-Long": "x" * 100_000})) as server:
        with pytest.raises(ConnectionError, match="header line"):
            client(server.url).get(server.url)


def test_an_address_is_checked_first():
    with pytest.raises(
        ConfigurationError, match=f"^{SETTING} does not begin with http"
    ):
        client("http://example.org")
