"""Requests to the Open Exchange Rates API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Iterator

import pytest
from dlt.sources.helpers.requests import HTTPError

from sources.open_exchange_rates.api import OpenExchangeRatesApi, TooFewRequestsLeft
from tests.fakes.http_server import json_answer, serving
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates
from utils.errors.http import ApiError


@pytest.fixture
def account() -> OpenExchangeRates:
    return OpenExchangeRates()


@pytest.fixture
def server(account: OpenExchangeRates) -> Iterator:
    with serving(account.respond) as server:
        yield server


@pytest.fixture
def api(server) -> OpenExchangeRatesApi:
    return OpenExchangeRatesApi(f"{server.url}/", APP_ID)


def test_rates_are_decimals_and_the_key_is_not_in_the_address(api, server):
    assert api.get("latest.json")["rates"]["XAU"] == Decimal("0.000243091")
    (request,) = server.requests
    assert (request.path, request.query) == ("/latest.json", {})
    assert request.headers["authorization"] == f"Token {APP_ID}"


def test_an_answer_that_is_no_object_is_refused(api, server):
    server.trouble[0] = json_answer([1])
    with pytest.raises(ApiError, match="the answer of latest.json"):
        api.get("latest.json")


def test_an_unknown_day_is_none_and_another_error_is_raised(api, server):
    assert api.closing_rates(date(1998, 12, 31)) is None
    server.trouble[1] = json_answer({"message": "invalid_base"}, 400)
    with pytest.raises(HTTPError):
        api.closing_rates(date(2026, 3, 1))


@pytest.mark.parametrize("used, fits", [(988, 2), (995, 0), (1_000, 0)])
def test_the_daily_load_keeps_its_requests(api, account, used, fits):
    """Ten days are left of the month."""
    account.requests = used
    api.require_requests(fits)
    with pytest.raises(TooFewRequestsLeft, match=f"Load {fits} days now"):
        api.require_requests(fits + 1)


def test_a_plan_without_a_limit_allows_any_number(api, account):
    account.quota = -1
    api.require_requests(100_000)


def test_no_days_cost_no_request(api, server):
    api.require_requests(0)
    assert server.requests == []
