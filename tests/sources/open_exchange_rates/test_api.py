"""Requests to the Open Exchange Rates API."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from dlt.sources.helpers.requests import HTTPError

from tests.fakes.http_server import json_answer
from tests.fakes.open_exchange_rates import APP_ID
from utils.errors.http import ApiError


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
