"""Open Exchange Rates' API, as a dlt source: https://docs.openexchangerates.org

A publication is one answer: the rates of some 170 currencies for one US dollar, at one
time. The free plan answers 1,000 requests a month.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator

import dlt
from dlt.common.typing import TSecretStrValue
from dlt.sources import DltResource

from sources.open_exchange_rates.api import SOURCE, OpenExchangeRatesApi
from utils.errors.http import as_documented
from utils.promises.declared import promise
from utils.redaction.texts import excerpt

if TYPE_CHECKING:
    import pyarrow as pa

# Holds gold's 0.000243 ounces and Lebanon's 89,550 pounds for a dollar; a rate that does
# not fit is an error.
RATE_DIGITS, RATE_DECIMALS = 38, 18
# The free plan's rates are of the last full hour.
FRESH = timedelta(days=2)
SMALLEST_RATE, ABOVE_RATES = Decimal("1e-18"), Decimal("1e20")


@dlt.source(name="open_exchange_rates")
def open_exchange_rates_source(
    days: Iterable[date] | None = None,
    on_unknown_day: Callable[[date], None] = lambda day: None,
    api_url: str = dlt.config.value,
    app_id: TSecretStrValue = dlt.secrets.value,
) -> list[DltResource]:
    """Return the resources `rates` and `currencies`, for a range of days `rates` alone.

    Args:
        days: Days in UTC whose closing rates are fetched, instead of the latest rates and
            the currencies' names. Consumed when the extraction begins.
        on_unknown_day: Called with each day that the API does not know. The day is skipped.
        api_url: Address of the API.
        app_id: Key of the account.
    """
    api = OpenExchangeRatesApi(api_url, app_id)

    @dlt.resource(write_disposition="append")
    def rates() -> Iterator[pa.Table]:
        if days is None:
            latest = api.get("latest.json")
            latest_rates = _rates(latest, kind="latest")
            state = dlt.current.resource_state()
            if state.get("latest") != latest["timestamp"]:
                yield latest_rates
            state["latest"] = latest["timestamp"]
            return
        wanted = list(days)
        api.require_requests(len(wanted))
        for day in wanted:
            published = api.closing_rates(day)
            if published is None:
                on_unknown_day(day)
            else:
                yield _rates(published, kind="closing", day=day)

    @dlt.resource(write_disposition="replace")
    def currencies() -> Iterator[pa.Table]:
        import pyarrow as pa

        names = api.get("currencies.json")
        with as_documented(SOURCE, "the answer of currencies.json"):
            columns = {
                "currency": pa.array(names, pa.string()),
                "name": pa.array(names.values(), pa.string()),
            }
        yield pa.table(columns)

    if days is not None:
        return [rates]
    return [promise(rates, fresh=("published_at", FRESH)), currencies]


def _rates(published: dict[str, Any], kind: str, day: date | None = None) -> pa.Table:
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
                "rate": pa.array(values, pa.decimal128(RATE_DIGITS, RATE_DECIMALS)),
            }
        )


def _time(timestamp: Any) -> datetime:
    try:
        return datetime.fromtimestamp(timestamp, timezone.utc)
    except (OverflowError, OSError):
        raise ValueError("the timestamp is in no year that there is") from None


def _rate(currency: str, rate: Any) -> Decimal:
    is_number = isinstance(rate, int | Decimal) and not isinstance(rate, bool)
    if not is_number or not SMALLEST_RATE <= rate < ABOVE_RATES:
        raise ValueError(f"{excerpt(str(rate))!r} is no rate of {excerpt(currency)}")
    return Decimal(rate)
