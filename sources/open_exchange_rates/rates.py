"""A publication of rates as rows."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sources.open_exchange_rates.api import SOURCE
from utils.errors.http import as_documented
from utils.redaction.texts import excerpt

if TYPE_CHECKING:
    import pyarrow as pa

# Holds gold's 0.000243 ounces and Lebanon's 89,550 pounds for a dollar; a rate that does
# not fit is an error.
DIGITS, DECIMALS = 38, 18
SMALLEST, ABOVE = Decimal("1e-18"), Decimal("1e20")


def rows_of(published: dict[str, Any], kind: str, day: date | None = None) -> pa.Table:
    """Return one row per currency.

    `date` is the day in UTC, `kind` tells a day's `closing` rates from those that were the
    `latest` when they were fetched, `rate` is units of `currency` for one `base`.

    Raises:
        ApiError: A field is missing or of another type. Names the field.
    """
    import pyarrow as pa

    with as_documented(SOURCE, f"the {kind} rates" + (f" of {day}" if day else "")):
        published_at = _time(published["timestamp"])
        rates = published["rates"]
        values = [_rate(currency, rate) for currency, rate in rates.items()]
        if not values:
            raise ValueError("there is no rate")
        same = {
            "date": pa.scalar(day or published_at.date(), pa.date32()),
            "kind": pa.scalar(kind),
            "published_at": pa.scalar(published_at, pa.timestamp("us", "UTC")),
            "base": pa.scalar(published["base"], pa.string()),
        }
        return pa.table(
            {name: pa.repeat(value, len(rates)) for name, value in same.items()}
            | {
                "currency": pa.array(rates, pa.string()),
                "rate": pa.array(values, pa.decimal128(DIGITS, DECIMALS)),
            }
        )


def _time(timestamp: Any) -> datetime:
    try:
        return datetime.fromtimestamp(timestamp, timezone.utc)
    except (OverflowError, OSError):
        raise ValueError("the timestamp is in no year that there is") from None


def _rate(currency: str, rate: Any) -> Decimal:
    is_number = isinstance(rate, int | Decimal) and not isinstance(rate, bool)
    if not is_number or not SMALLEST <= rate < ABOVE:
        raise ValueError(f"{excerpt(str(rate))!r} is no rate of {excerpt(currency)}")
    return Decimal(rate)
