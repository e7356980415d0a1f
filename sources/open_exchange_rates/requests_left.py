"""Requests that the plan of Open Exchange Rates has left this month."""

from __future__ import annotations

from typing import Any

from sources.open_exchange_rates.api import SOURCE, OpenExchangeRatesApi
from utils.errors import ClearError
from utils.errors.http import as_documented


class TooFewRequestsLeft(ClearError):
    """The plan does not allow as many requests this month. No rates were fetched."""


def require_requests(api: OpenExchangeRatesApi, wanted: int) -> None:
    """Reject more requests than the plan has left beside the daily load.

    Raises:
        TooFewRequestsLeft: The daily load needs one request on each day that is left
            of the month, and fewer than `wanted` remain beside those.
    """
    if not wanted:
        return
    with as_documented(SOURCE, "the answer of usage.json"):
        usage = api.get("usage.json")["data"]["usage"]
        remaining = _whole(usage["requests_remaining"])
        days_remaining = _whole(usage["days_remaining"])
    if remaining < 0:  # unlimited
        return
    free = max(0, remaining - days_remaining)
    if wanted > free:
        raise TooFewRequestsLeft(
            f"{wanted:,} days need a request each, and of this month's requests"
            f" {remaining:,} are left, {min(days_remaining, remaining):,} of them for"
            f" the daily load. None of these days was fetched. Load {free:,} days now,"
            f" and the others in {days_remaining:,} days: those that are loaded are"
            " not fetched again."
        )


def _whole(number: Any) -> int:
    """Return a whole number. int() of 1e999999999 would take hours."""
    if not isinstance(number, int):
        raise TypeError("a number of requests or days is not whole")
    return number
