"""Requests that the plan has left this month."""

from __future__ import annotations

import pytest

from sources.open_exchange_rates.requests_left import (
    TooFewRequestsLeft,
    require_requests,
)


@pytest.mark.parametrize("used, fits", [(988, 2), (995, 0), (1_000, 0)])
def test_the_daily_load_keeps_its_requests(api, account, used, fits):
    """Ten days are left of the month."""
    account.requests = used
    require_requests(api, fits)
    with pytest.raises(TooFewRequestsLeft, match=f"Load {fits} days now"):
        require_requests(api, fits + 1)


def test_a_plan_without_a_limit_allows_any_number(api, account):
    account.quota = -1
    require_requests(api, 100_000)


def test_no_days_cost_no_request(api, server):
    require_requests(api, 0)
    assert server.requests == []
