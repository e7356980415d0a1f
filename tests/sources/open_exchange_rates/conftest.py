"""Client of a fake API."""

from __future__ import annotations

from typing import Iterator

import pytest

from sources.open_exchange_rates.api import OpenExchangeRatesApi
from tests.fakes.http_server import serving
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates


@pytest.fixture
def account() -> OpenExchangeRates:
    return OpenExchangeRates()


@pytest.fixture
def server(account: OpenExchangeRates) -> Iterator:
    with serving(account.respond) as server:
        yield server


@pytest.fixture
def api(server) -> OpenExchangeRatesApi:
    return OpenExchangeRatesApi(f"{server.url}/", APP_ID)
