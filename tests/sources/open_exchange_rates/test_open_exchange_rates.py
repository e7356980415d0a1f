"""Open Exchange Rates' source."""

from __future__ import annotations

from datetime import date

from sources.open_exchange_rates import open_exchange_rates_source
from tests.fakes.open_exchange_rates import APP_ID


def test_a_range_has_no_currencies(server):
    settings = {"api_url": server.url, "app_id": APP_ID}
    assert set(open_exchange_rates_source(**settings).resources) == {
        "rates",
        "currencies",
    }
    unknown: list[date] = []
    days = [date(1998, 12, 31), date(2026, 3, 1)]
    source = open_exchange_rates_source(days, unknown.append, **settings)
    (table,) = source.rates
    assert set(source.resources) == {"rates"}
    assert set(table["date"].to_pylist()) == {days[1]}
    assert unknown == [days[0]]
