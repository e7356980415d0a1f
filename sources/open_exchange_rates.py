"""Open Exchange Rates' API, as a dlt source: https://docs.openexchangerates.org

A publication is one answer: the rates of some 170 currencies for one US dollar, at one
time. The free plan answers 1,000 requests a month.
"""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator

import dlt
from dlt.common.typing import TSecretStrValue
from dlt.sources import DltResource

from utils.errors import ClearError
from utils.errors.http import as_documented

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

SOURCE = "open_exchange_rates"
# Holds gold's 0.000243 ounces and Lebanon's 89,550 pounds for a dollar; a rate that does
# not fit is an error.
RATE_DIGITS, RATE_DECIMALS = 38, 18


class TooFewRequestsLeft(ClearError):
    """The plan does not allow as many requests this month. None was made."""


@dlt.source(name="open_exchange_rates")
def open_exchange_rates_source(
    days: Iterable[date] | None = None,
    on_unknown_day: Callable[[date], None] = lambda day: None,
    api_url: str = dlt.config.value,
    app_id: TSecretStrValue = dlt.secrets.value,
) -> list[DltResource]:
    """Two resources, `rates` and `currencies`.

    Args:
        days: Fetch the closing rates of these days, instead of the latest rates and the
            currencies' names. It is read when the extraction begins.
        on_unknown_day: Called for a day that the API knows no rates of; it is skipped.
        api_url: Of the API (`.dlt/config.toml`).
        app_id: The key.
    """
    api = _Api(api_url, app_id)

    @dlt.resource(write_disposition="append")
    def rates() -> Iterator[pa.Table]:
        if days is None:
            latest = api.get("latest.json")
            state = dlt.current.resource_state()
            if state.get("latest") != latest["timestamp"]:
                yield _rates(latest, kind="latest")
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
        yield pa.table({"currency": list(names), "name": list(names.values())})

    return [rates] if days is not None else [rates, currencies]


class _Api:
    """The endpoints, with dlt's retries on 429, 5xx and broken connections."""

    def __init__(self, url: str, app_id: str) -> None:
        self._url = url.rstrip("/")
        # not as the parameter app_id, which would stand in errors and proxies' logs
        self._headers = {"Authorization": f"Token {app_id}"}

    def get(self, path: str) -> dict[str, Any]:
        from dlt.sources.helpers import requests

        response = requests.get(f"{self._url}/{path}", headers=self._headers)
        with as_documented(SOURCE, f"the answer of {path}"):
            # not response.json(), which makes floats of rates
            answer = json.loads(response.text, parse_float=Decimal)
            if not isinstance(answer, dict):
                raise TypeError(f"it is no object, but {response.text[:40]!r}")
            return answer

    def closing_rates(self, day: date) -> dict[str, Any] | None:
        """The day's last rates, None for a day that the API does not know."""
        from dlt.sources.helpers.requests import HTTPError

        try:
            return self.get(f"historical/{day}.json")
        except HTTPError as error:
            if "not_available" not in error.response.text:
                raise
            logger.warning("There are no rates of %s: %s", day, error.response.text)
            return None

    def require_requests(self, wanted: int) -> None:
        """One for each day that is left of the month stays for the daily load."""
        if not wanted:
            return
        with as_documented(SOURCE, "the answer of usage.json"):
            usage = self.get("usage.json")["data"]["usage"]
            remaining = int(usage["requests_remaining"])
            days_remaining = int(usage["days_remaining"])
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


def _rates(published: dict[str, Any], kind: str, day: date | None = None) -> pa.Table:
    """One row for each currency.

    `date` is the day in UTC, `kind` tells a day's `closing` rates from those that were the
    `latest` when they were fetched, `rate` is units of `currency` for one `base`.

    Raises:
        ApiError: naming what is missing or of another type.
    """
    import pyarrow as pa

    with as_documented(SOURCE, f"the {kind} rates" + (f" of {day}" if day else "")):
        published_at = datetime.fromtimestamp(published["timestamp"], timezone.utc)
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


def _rate(currency: str, rate: Any) -> Decimal:
    if isinstance(rate, bool) or not isinstance(rate, int | Decimal) or rate <= 0:
        raise ValueError(f"{rate!r} is no rate of {currency}")
    return Decimal(rate)
