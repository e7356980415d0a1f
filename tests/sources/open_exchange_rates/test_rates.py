"""A publication of rates as rows: exact rates, and publications that are none."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from sources.open_exchange_rates.rates import rows_of
from utils.errors.http import ApiError

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
PUBLISHED = {
    "timestamp": int(NOON.timestamp()),
    "base": "USD",
    "rates": {"JPY": 156, "XAU": Decimal("0.000243091")},
}


def test_latest_rates_have_the_day_of_their_publication():
    table = rows_of(PUBLISHED, kind="latest")
    assert table.schema.types == [
        *(pa.date32(), pa.string(), pa.timestamp("us", "UTC"), pa.string()),
        *(pa.string(), pa.decimal128(38, 18)),
    ]
    assert table.to_pylist()[1] == {
        "date": date(2026, 11, 20),
        "kind": "latest",
        "published_at": NOON,
        "base": "USD",
        "currency": "XAU",
        "rate": Decimal("0.000243091"),
    }


def test_closing_rates_have_the_day_that_was_asked_for():
    day = date(2026, 11, 19)
    assert rows_of(PUBLISHED, kind="closing", day=day)["date"].to_pylist() == [day] * 2


@pytest.mark.parametrize("rate", [0, -1, True, "1", None, Decimal("1e-19")], ids=str)
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ApiError, match="the latest rates is not as|the latest rates "):
        rows_of(PUBLISHED | {"rates": {"JPY": rate}}, kind="latest")
