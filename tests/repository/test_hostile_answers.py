"""Whatever a server answers, each source ends in a clear error, in little memory.

No request, and so no secret, reaches another server.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Callable, Iterable

import pytest
from requests import RequestException

from sources.exchange_rates import exchange_rates_source
from sources.hubspot import hubspot_source
from sources.open_exchange_rates import open_exchange_rates_source
from sources.open_exchange_rates.api import OpenExchangeRatesApi
from sources.open_exchange_rates.requests_left import require_requests
from sources.van import van_source
from tests.fakes.hostile_server import Reply, replying
from tests.fakes.http_server import Answer, api
from tests.repository.hostile import assert_is_plain, error_of
from tests.repository.hostile.answers import (
    ADDRESSES,
    BOMBS,
    JSON,
    LINKS,
    PUBLISHED,
    REDIRECTS,
    USAGES,
)
from tests.repository.hostile.memory import takes_less_than
from utils.aws.outbound_address import outbound_address
from utils.errors import ClearError
from utils.errors.http import ApiError, api_error

MOST_MEGABYTES = 150


def exchange_rates(url: str) -> object:
    return list(exchange_rates_source(refresh=True, publication_url=url))


def open_exchange_rates(url: str) -> object:
    return list(open_exchange_rates_source(api_url=url, app_id="key"))


def hubspot(url: str) -> object:
    return list(hubspot_source(base_url=url, access_token="key").contacts)


def van(url: str) -> object:
    source = van_source(date(2026, 11, 1), api_key="key", base_url=url)
    return list(source.activist_codes)


Reader = Callable[[str], object]
READERS: list[Reader] = [exchange_rates, open_exchange_rates, hubspot, van]


def readings(replies: Iterable[str], *of_each: str) -> list[Any]:
    """Return one source with each reply, and each source with some of them.

    All have one client, and differ in what they do with its errors.
    """
    return [
        pytest.param(read, name, id=f"{name}-{read.__name__}")
        for read in READERS
        for name in replies
        if read is open_exchange_rates or name in of_each
    ]


def told_error(read: Reader, url: str) -> BaseException:
    """Return the error in which reading ends, as a pipeline tells it."""
    cause = error_of(lambda: read(url))
    assert cause, "an answer of a stranger was taken"
    if isinstance(cause, RequestException):
        return api_error(cause, read.__name__)
    return cause


def assert_is_clear(error: BaseException) -> None:
    assert isinstance(error, ClearError), repr(error)
    assert_is_plain(error)
    assert "Nothing was loaded" in str(error) or "nothing was loaded" in str(error)


@pytest.mark.parametrize("read, name", readings(BOMBS, "endless", "gzip bomb"))
def test_a_bomb(read, name):
    with replying(BOMBS[name]) as server, takes_less_than(MOST_MEGABYTES):
        assert_is_clear(told_error(read, server.url))


@pytest.mark.parametrize("read, name", readings(REDIRECTS, "to another host"))
def test_a_redirect_leads_nowhere_else(read, name):
    with api(Answer(b"{}")) as other:
        with replying(REDIRECTS[name], other.url) as server:
            assert_is_clear(told_error(read, server.url))
        assert other.requests == []


@pytest.mark.parametrize(
    "read, name", readings(JSON, "nested lists", "millions of values")
)
def test_json(read, name):
    with replying(JSON[name]) as server, takes_less_than(MOST_MEGABYTES):
        assert_is_clear(told_error(read, server.url))


@pytest.mark.parametrize("hostile", PUBLISHED, ids=str)
def test_a_publication_of_open_exchange_rates(hostile):
    fields = {"timestamp": "1795292555", "base": '"USD"', "rates": '{"EUR": 0.86}'}
    fields[hostile.place] = hostile.value
    body = ", ".join(f'"{name}": {value}' for name, value in fields.items())
    with replying(Reply(f"{{{body}}}".encode())) as server:
        rates = open_exchange_rates_source(api_url=server.url, app_id="key").rates
        with takes_less_than(MOST_MEGABYTES):
            if hostile.error is None:
                assert len(list(rates)) == 1
                return
            error = told_error(open_exchange_rates, server.url)
    assert_is_clear(error)
    assert hostile.error in str(error)


@pytest.mark.parametrize("remaining", USAGES.values(), ids=USAGES)
def test_a_number_of_requests(remaining):
    usage = f'{{"requests_remaining": {remaining}, "days_remaining": 1}}'
    reply = Reply(f'{{"data": {{"usage": {usage}}}}}'.encode())
    with replying(reply) as server, takes_less_than(MOST_MEGABYTES):
        api = OpenExchangeRatesApi(server.url, "key")
        with pytest.raises(ApiError) as error:
            require_requests(api, 1)
    assert_is_clear(error.value)


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_link_to_the_next_page(link):
    def page(_: str) -> Reply:
        named = link
        if isinstance(link, str):
            named = link.replace("{host}", server.url).replace("{other}", other.url)
        content = {"items": [{"activistCodeId": 1}], "nextPageLink": named}
        return Reply(json.dumps(content).encode())

    with api(Answer(b"{}")) as other, replying(page) as server:
        assert_is_clear(told_error(van, server.url))
        assert len(server.paths) <= 2
        assert other.requests == []


def test_pages_of_van_without_end():
    items = [{"activistCodeId": 1, "name": "x" * 7 * 2**20}]

    def page(path: str) -> Reply:
        link = f"{server.url}/{len(server.paths)}"
        return Reply(json.dumps({"items": items, "nextPageLink": link}).encode())

    with replying(page) as server, takes_less_than(MOST_MEGABYTES):
        error = told_error(van, server.url)
    assert_is_clear(error)
    assert "has more than 32 MiB" in str(error)


@pytest.mark.parametrize(
    "cursor, problem",
    [
        (lambda number: "7", "circle"),
        (lambda number: "abcde"[number % 5], "circle"),
        (lambda number: str(number), "100 pages without a record"),
    ],
    ids=["the same", "in a circle", "without a record"],
)
def test_pages_of_hubspot_without_end(cursor, problem):
    def page(_: str) -> Reply:
        after = cursor(len(server.paths))
        return Reply(
            json.dumps({"results": [], "paging": {"next": {"after": after}}}).encode()
        )

    with replying(page) as server:
        error = told_error(hubspot, server.url)
        assert len(server.paths) <= 100
    assert_is_clear(error)
    assert problem in str(error)


@pytest.mark.parametrize("name", ADDRESSES | BOMBS | REDIRECTS)
def test_an_outbound_address_that_is_none(name, monkeypatch):
    reply: Reply = (ADDRESSES | BOMBS | REDIRECTS)[name]
    with replying(reply) as server, takes_less_than(MOST_MEGABYTES):
        monkeypatch.setenv("CHECK_IP_URL", server.url)
        assert outbound_address() is None
