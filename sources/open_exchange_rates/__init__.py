"""Open Exchange Rates' API, as a dlt source: https://docs.openexchangerates.org

A publication is one answer: the rates of some 170 currencies for one US dollar, at one
time. The free plan answers 1,000 requests a month.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Callable, Iterable, Iterator

import dlt
from dlt.common.typing import TSecretStrValue
from dlt.sources import DltResource

from sources.open_exchange_rates.api import SOURCE, OpenExchangeRatesApi
from sources.open_exchange_rates.rates import rows_of
from sources.open_exchange_rates.requests_left import require_requests
from utils.errors.http import as_documented
from utils.promises.declared import promise

if TYPE_CHECKING:
    import pyarrow as pa

# The free plan's rates are of the last full hour.
FRESH = timedelta(days=2)


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
            latest_rates = rows_of(latest, kind="latest")
            state = dlt.current.resource_state()
            if state.get("latest") != latest["timestamp"]:
                yield latest_rates
            state["latest"] = latest["timestamp"]
            return
        wanted = list(days)
        require_requests(api, len(wanted))
        for day in wanted:
            published = api.closing_rates(day)
            if published is None:
                on_unknown_day(day)
            else:
                yield rows_of(published, kind="closing", day=day)

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
