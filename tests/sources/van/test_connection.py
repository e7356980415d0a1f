"""parsons' connection to VAN: how many calls at once, what is retried, whole listings."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Callable, Iterator

import pytest
from requests import HTTPError, RequestException

from sources.van.connection import CALLS_AT_ONCE, connect
from tests.fakes.http_server import Answer, Api, Request, json_answer, serving
from tests.fakes.van import Van, activist_code, page
from tests.repository.settings import request_timeout
from tests.repository.tree import ROOT
from utils.errors.http import ApiError


@contextmanager
def connected(respond: Callable[[Request], Answer]) -> Iterator[tuple]:
    with serving(respond) as api:
        yield connect("key", "EveryAction", f"{api.url}/v4/"), api


@pytest.fixture
def codes() -> Van:
    """VAN with 120 activist codes, three pages of fifty."""
    return Van(activist_codes=[activist_code(id_) for id_ in range(120)])


def ids(van) -> list[int]:
    return [code["activistCodeId"] for code in van.get_activist_codes()]


def skipped(api: Api) -> list[str]:
    """Return where each requested page began."""
    return [request.query.get("$skip", "0") for request in api.requests]


def test_never_more_than_three_calls_and_a_free_slot_is_taken_at_once():
    calls, seconds = 24, 0.3
    with connected(Van(seconds=seconds).respond) as (van, api):
        with ThreadPoolExecutor(calls) as pool:
            started = time.monotonic()
            done = [pool.submit(van.get_activist_codes) for _ in range(calls)]
            assert all(future.result().num_rows == 0 for future in done)
            elapsed = time.monotonic() - started
        assert len(api.requests) == calls
        assert api.most_in_flight == CALLS_AT_ONCE == 3
    at_best = calls / CALLS_AT_ONCE * seconds
    assert 1 <= elapsed / at_best < 2


def test_a_failed_call_frees_its_slot():
    with connected(lambda request: json_answer({}, 400)) as (van, api):
        for _ in range(CALLS_AT_ONCE + 1):
            with pytest.raises(HTTPError):
                van.get_activist_codes()


@pytest.mark.parametrize("database, mode", [("MyVoters", 0), ("MyCampaign", 1)])
def test_the_database_is_told_with_the_key(codes, database, mode):
    codes.password = f"key|{mode}"
    with serving(codes.respond) as api:
        assert ids(connect("key", database, f"{api.url}/v4/")) == list(range(120))


def test_every_page_is_read_by_its_link(codes):
    with connected(codes.respond) as (van, api):
        assert ids(van) == list(range(120))
        assert skipped(api) == ["0", "50", "100"]


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(status=500),
        Answer(status=503),
        Answer(b'{"items": []}', cut_off=True),
    ],
    ids=["500", "503", "cut off"],
)
def test_a_page_that_fails_is_read_again_alone(codes, trouble):
    with connected(codes.respond) as (van, api):
        api.trouble |= {1: trouble, 2: trouble}
        assert ids(van) == list(range(120))
        assert skipped(api) == ["0", "50", "50", "50", "100"]


def test_a_page_that_does_not_end_is_asked_for_again(codes):
    with request_timeout(0.3), connected(codes.respond) as (van, api):
        api.trouble[1] = Answer(b'{"items": []}', seconds=1)
        assert ids(van) == list(range(120))
        assert skipped(api) == ["0", "50", "50", "100"]


def test_a_429_is_repeated_when_it_says(codes):
    with connected(codes.respond) as (van, api):
        api.trouble[1] = json_answer({}, 429, Retry_After="1")
        started = time.monotonic()
        assert ids(van) == list(range(120))
        assert time.monotonic() - started >= 1
        assert skipped(api) == ["0", "50", "50", "100"]


def test_lasting_trouble_ends_after_five_attempts():
    with connected(lambda request: json_answer({}, 503)) as (van, api):
        with pytest.raises(HTTPError) as error:
            ids(van)
        assert error.value.response.status_code == 503
        assert len(api.requests) == 5


def test_a_wrong_key_is_not_retried(codes):
    codes.password = "another key|1"
    with connected(codes.respond) as (van, api):
        with pytest.raises(HTTPError) as error:
            ids(van)
        assert error.value.response.status_code == 401
        assert len(api.requests) == 1


def test_what_is_not_json_is_an_error_of_requests():
    with connected(lambda request: Answer(b"<html>Maintenance</html>")) as (van, _):
        with pytest.raises(RequestException, match="Expecting value"):
            ids(van)


def test_an_empty_page_ends_a_listing_that_links_on_forever(codes):
    def respond(request: Request) -> Answer:
        link = f"http://{request.headers['host']}{request.path}?$skip=1"
        items = [] if "$skip" in request.query else [activist_code(7)]
        return json_answer({"items": items, "nextPageLink": link, "count": 1})

    with connected(respond) as (van, api):
        assert ids(van) == [7]
        assert len(api.requests) == 2


@pytest.mark.parametrize("change", ["deleted", "inserted"])
def test_a_listing_that_changes_while_it_is_read_is_read_again(codes, change):
    """Change it so that the code at a page's end would be missing, or come twice."""

    def respond(request: Request) -> Answer:
        answer = codes.respond(request)
        if len(api.requests) == 1 and change == "deleted":
            del codes.activist_codes[10]
        elif len(api.requests) == 1:
            codes.activist_codes.insert(10, activist_code(999))
        return answer

    with connected(respond) as (van, api):
        assert ids(van) == [code["activistCodeId"] for code in codes.activist_codes]
        assert skipped(api) == ["0", "50", "100"] * 2


def test_a_listing_that_never_holds_still_is_taken_as_it_is(codes, caplog):
    def respond(request: Request) -> Answer:
        codes.activist_codes.append(activist_code(len(codes.activist_codes)))
        return page(codes.activist_codes, request)

    with connected(respond) as (van, api):
        assert ids(van)[:129] == list(range(129))
        assert len(api.requests) == 9
    assert "VAN gives 129 of activistCodes, and says that there are" in caplog.text


@pytest.mark.parametrize(
    "page, problem",
    [
        ({"items": {"a": 1}}, "items is no list of objects"),
        ({"items": [1]}, "items is no list of objects"),
        ({"activistCodes": []}, "'items'"),
        ([{"activistCodeId": 1}], "list indices"),
        ({"items": [{}], "nextPageLink": 7}, "nextPageLink is no text"),
        ({"items": [{}], "count": [7]}, "count no number"),
        ({"items": [{}], "nextPageLink": "x" * 3_000}, "nextPageLink is too long"),
    ],
    ids=str,
)
def test_a_page_that_is_not_as_documented(page, problem):
    with connected(lambda request: json_answer(page)) as (van, api):
        with pytest.raises(
            ApiError, match="^van: the answer of activistCodes"
        ) as error:
            ids(van)
        assert len(api.requests) == 1
    assert problem in str(error.value)


def test_endpoints_that_are_no_listings_work_as_in_parsons():
    types = [{"eventTypeId": 1, "name": "Canvass"}]
    with connected(lambda request: json_answer(types)) as (van, _):
        assert list(van.get_event_types()) == types
    with connected(lambda request: json_answer({"eventId": 7})) as (van, _):
        assert van.get_event(7) == {"eventId": 7}


def test_parsons_is_silent():
    script = (
        "import logging, sys; import sources.van.connection;"
        "logging.getLogger('parsons.ngpvan').info('Found 3 events.')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
