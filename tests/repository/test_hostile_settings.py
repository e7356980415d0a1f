"""Hostile settings end in an error that names the setting, before anything is asked."""

from __future__ import annotations

import os
from datetime import date
from typing import Any, Callable

import pytest
from dlt.common.configuration.providers import environ

from flows.hello_world import compare
from sources.exchange_rates import exchange_rates_source
from sources.hubspot import hubspot_source
from sources.open_exchange_rates import open_exchange_rates_source
from sources.products import products_source
from sources.van import van_source
from tests.repository.hostile import Hostile, assert_is_plain, error_of
from tests.repository.hostile.memory import takes_less_than
from tests.repository.hostile.settings import (
    ADDRESSES,
    LAYOUTS,
    NUMBERS,
    OUTBOUND,
    PROPERTIES,
    VAN,
)
from tests.samples.pets import pets
from utils.destinations.pipelines import pipeline_into
from utils.errors import ClearError
from utils.loading.run import run_pipeline
from utils.settings.errors import plain_configuration_errors

MOST_MEGABYTES = 100
SECRETS = {
    "SOURCES__HUBSPOT__ACCESS_TOKEN": "key",
    "SOURCES__OPEN_EXCHANGE_RATES__APP_ID": "key",
    "SOURCES__PRODUCTS__CREDENTIALS": "postgresql://reader:sesame@127.0.0.1:1/shop",
    "SOURCES__VAN__API_KEY": "key",
}
SOURCES: dict[str, Callable[[], Any]] = {
    # The address is used when the history is fetched.
    "exchange_rates": lambda: list(exchange_rates_source(refresh=True)),
    "hubspot": hubspot_source,
    "open_exchange_rates": open_exchange_rates_source,
    "products": products_source,
    "van": lambda: van_source(date(2026, 11, 1)),
}


@pytest.fixture
def set_(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Set a setting as by the environment, and by a file, which may hold a NUL."""

    def put(setting: str, value: str) -> None:
        variable = setting.upper().replace(".", "__")
        environment = {**os.environ, **SECRETS, variable: value}
        monkeypatch.setattr(environ, "environ", environment)

    return put


def assert_as_expected(hostile: Hostile, error: BaseException | None) -> None:
    if hostile.error is None:
        assert error is None, error
        return
    assert isinstance(error, ClearError), repr(error)
    message = str(error)
    assert hostile.error in message
    assert_is_plain(error)


@pytest.mark.parametrize("hostile", ADDRESSES + NUMBERS + VAN + PROPERTIES, ids=str)
def test_a_setting_of_a_source(set_, hostile):
    set_(f"sources.{hostile.place}", hostile.value)
    source = hostile.place.partition(".")[0]
    with takes_less_than(MOST_MEGABYTES):
        assert_as_expected(
            hostile, error_of(plain_configuration_errors()(SOURCES[source]))
        )


@pytest.mark.parametrize("hostile", LAYOUTS, ids=str)
def test_a_setting_of_a_destination(warehouse, local_lake, set_, hostile):
    set_(hostile.place, hostile.value)
    destination = "lake" if "lake" in hostile.place else "warehouse"

    def load() -> None:
        run_pipeline(pipeline_into(destination, "pets"), pets({"name": "Rex"}))

    assert_as_expected(hostile, error_of(plain_configuration_errors()(load)))


@pytest.mark.parametrize("hostile", OUTBOUND, ids=str)
def test_an_expected_address(hostile):
    with pytest.raises(ValueError, match=hostile.error):
        compare("203.0.113.7", hostile.value)
