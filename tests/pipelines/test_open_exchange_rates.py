"""Open Exchange Rates into the lake, from a fake API."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Iterator

import pytest

from pipelines.open_exchange_rates import load_open_exchange_rates
from sources.open_exchange_rates.requests_left import TooFewRequestsLeft
from tests.fakes.http_server import Answer, Api, json_answer, serving
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates
from tests.killing.killed_process import killed_process
from tests.repository.settings import request_timeout
from tests.servers.duckdb_warehouse import query_files
from utils.backfill.days import UnusableRange
from utils.errors.http import ApiError
from utils.loading.replacement import SuspiciouslyFewRows

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 3)


@pytest.fixture
def oxr() -> OpenExchangeRates:
    return OpenExchangeRates()


@pytest.fixture
def api(oxr, warehouse, monkeypatch) -> Iterator[Api]:
    monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__APP_ID", APP_ID)
    with serving(oxr.respond) as server:
        monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__API_URL", server.url)
        yield server


@pytest.fixture
def lake(warehouse: Path) -> Path:
    return warehouse.parent / "lake" / "dev_open_exchange_rates"


def rows(lake: Path, columns: str, table: str = "rates") -> list[tuple]:
    if not list(lake.glob(f"{table}/*.parquet")):
        return []
    sql = f"SELECT {columns} FROM '{lake}/{table}/*.parquet' ORDER BY ALL"
    return query_files(sql)


def paths(api: Api) -> list[str]:
    return [path.strip("/").removesuffix(".json") for path in api.paths]


def test_the_latest_rates_and_the_currencies_arrive_exactly(api, lake):
    report = load_open_exchange_rates()
    assert report.rows == 6
    assert rows(lake, "date, kind, base, currency, rate") == [
        (date(2026, 11, 20), "latest", "USD", "EUR", Decimal("0.862140000000000000")),
        (date(2026, 11, 20), "latest", "USD", "JPY", Decimal("156.400000000000000000")),
        (date(2026, 11, 20), "latest", "USD", "XAU", Decimal("0.000243091000000000")),
    ]
    (published,) = rows(lake, "DISTINCT epoch(published_at)")
    assert published == (datetime(2026, 11, 20, 9, tzinfo=timezone.utc).timestamp(),)
    assert rows(lake, "currency, name", "currencies")[0] == ("EUR", "Euro")


def test_rates_that_are_loaded_are_not_appended_again(api, oxr, lake):
    load_open_exchange_rates()
    load_open_exchange_rates()
    assert len(rows(lake, "currency")) == 3
    oxr.published_at += timedelta(hours=1)
    load_open_exchange_rates()
    assert len(rows(lake, "currency")) == 6


def test_currencies_are_replaced_and_never_by_few(api, oxr, lake):
    load_open_exchange_rates()
    oxr.currencies["GBP"] = "British Pound"
    load_open_exchange_rates()
    assert len(rows(lake, "currency", "currencies")) == 4
    oxr.currencies = {"EUR": "Euro"}
    with pytest.raises(SuspiciouslyFewRows, match="1 rows .* replace the 4"):
        load_open_exchange_rates()
    assert len(rows(lake, "currency", "currencies")) == 4


def test_every_day_of_a_range_is_loaded_as_one_file(api, lake):
    report = load_open_exchange_rates(FIRST, LAST)
    assert report.rows == 9
    assert len(list(lake.glob("rates/*.parquet"))) == 1
    assert rows(lake, "DISTINCT date, kind") == [
        (date(2026, 3, day), "closing") for day in (1, 2, 3)
    ]
    assert paths(api)[1:] == [f"historical/2026-03-0{day}" for day in (1, 2, 3)]


def test_days_that_are_loaded_are_not_fetched_again(api, oxr, lake):
    load_open_exchange_rates(FIRST, LAST)
    assert oxr.requests == 3
    load_open_exchange_rates(FIRST, LAST + timedelta(days=1))
    assert oxr.requests == 4
    report = load_open_exchange_rates(FIRST, LAST)
    assert oxr.requests == 4
    assert report.summary.startswith("Nothing new to load")


def test_a_day_that_has_only_its_latest_rates_is_fetched(api, oxr, lake):
    load_open_exchange_rates()
    day = oxr.published_at.date()
    load_open_exchange_rates(day, day)
    assert rows(lake, "DISTINCT kind") == [("closing",), ("latest",)]


def test_an_unknown_day_is_skipped_and_reported(api, lake, caplog):
    report = load_open_exchange_rates(date(1998, 12, 31), date(1999, 1, 1))
    assert report.notes == ("no rates of 1998-12-31: the API does not know them",)
    assert rows(lake, "DISTINCT date") == [(date(1999, 1, 1),)]
    assert "There are no rates of 1998-12-31" in caplog.text


def test_the_plans_requests_are_respected(api, oxr, lake):
    oxr.requests, oxr.days_remaining = 985, 13
    with pytest.raises(TooFewRequestsLeft) as error:
        load_open_exchange_rates(FIRST, LAST)
    assert str(error.value) == (
        "3 days need a request each, and of this month's requests 15 are left, 13 of them"
        " for the daily load. None of these days was fetched. Load 2 days now, and the"
        " others in 13 days: those that are loaded are not fetched again."
    )
    assert paths(api) == ["usage"]
    oxr.quota = -1  # unlimited
    load_open_exchange_rates(FIRST, LAST)


@pytest.mark.parametrize(
    "first, last, said",
    [
        (FIRST, None, "A range needs both"),
        (LAST, FIRST, "is before first_day"),
        (FIRST, date.today() + timedelta(days=1), "is not over"),
    ],
)
def test_a_range_that_is_none_is_refused(api, first, last, said):
    with pytest.raises(UnusableRange, match=said):
        load_open_exchange_rates(first, last)
    assert api.requests == []


@pytest.mark.parametrize(
    "trouble",
    [
        json_answer({"message": "over-use"}, 429, Retry_After="1"),
        Answer(status=503),
        Answer(b"x" * 1000, cut_off=True),
        Answer(json.dumps({"EUR": "Euro"}).encode(), 500, seconds=0.2),
    ],
    ids=["429", "503", "cut off", "slow"],
)
def test_passing_trouble_is_retried(api, lake, trouble):
    """Send it first to each of the four requests, which succeed the second time."""
    api.trouble = dict.fromkeys((0, 2, 4, 6), trouble)
    load_open_exchange_rates(FIRST, LAST)
    assert len(rows(lake, "currency")) == 9
    assert len(api.requests) == 8


def test_an_answer_that_stays_too_slow_is_told_with_the_setting(api, lake):
    api.trouble = dict.fromkeys(range(9), Answer(b"{}", seconds=0.3))
    with request_timeout(0.1), pytest.raises(ApiError) as error:
        load_open_exchange_rates()
    assert "127.0.0.1 sent nothing for 0.1 s" in str(error.value)
    assert "raise request_timeout under [runtime]" in str(error.value)


def test_a_wrong_key_is_said_and_not_shown(api, lake, monkeypatch):
    monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__APP_ID", "not-the-key")
    with pytest.raises(ApiError, match="401 Unauthorized: Invalid App ID") as error:
        load_open_exchange_rates()
    assert "sources.open_exchange_rates" in str(error.value)
    assert "not-the-key" not in str(error.value) + str(error.value.__cause__)


def test_rates_of_another_type_are_refused_and_nothing_is_loaded(api, oxr, lake):
    load_open_exchange_rates()
    oxr.rates["JPY"] = "156.4"
    oxr.published_at += timedelta(hours=1)
    with pytest.raises(ApiError, match="'156.4' is no rate of JPY"):
        load_open_exchange_rates()
    assert len(rows(lake, "currency")) == 3


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>Maintenance</html>"),
        json_answer([]),
        json_answer({}),
        json_answer({"timestamp": "soon", "base": "USD", "rates": {}}),
        json_answer({"timestamp": 1763629200, "base": "USD", "rates": []}),
        json_answer({"timestamp": 1763629200, "base": "USD", "rates": {}}),
    ],
)
def test_what_is_no_publication_is_refused(api, lake, answer):
    api.trouble[1] = answer
    with pytest.raises(ApiError):
        load_open_exchange_rates(FIRST, LAST)
    assert rows(lake, "currency") == []


def test_ranges_do_not_disturb_the_daily_load(api, oxr, lake):
    load_open_exchange_rates()
    load_open_exchange_rates(FIRST, LAST)
    load_open_exchange_rates()
    assert len(rows(lake, "currency")) == 3 + 9


def test_a_bad_request_for_another_reason_is_no_unknown_day(api, lake):
    api.trouble[1] = json_answer({"message": "invalid_base"}, 400)
    with pytest.raises(ApiError, match="400 Bad Request: invalid_base"):
        load_open_exchange_rates(FIRST, LAST)


def test_a_long_range_that_fails_late_does_not_pay_again(api, oxr, lake):
    last = FIRST + timedelta(days=14)
    api.trouble = {number: Answer(status=404) for number in range(14, 20)}
    with pytest.raises(ApiError, match="404"):
        load_open_exchange_rates(FIRST, last)
    assert oxr.requests == 12
    api.trouble = {}
    load_open_exchange_rates(FIRST, last)
    assert oxr.requests == 12 + 5
    assert len(rows(lake, "DISTINCT date")) == 15


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_range_that_was_killed_is_there_once(api, oxr, lake, when):
    """Find the loaded days in the lake's files, in a fresh container too."""
    killed_process(
        *("pipelines.open_exchange_rates:load_open_exchange_rates", FIRST, LAST),
        place="dlt.destinations.impl.filesystem.filesystem:FilesystemClient.complete_load",
        when=when,
    )
    shutil.rmtree(lake.parent.parent / "pipelines")
    load_open_exchange_rates(FIRST, LAST)
    assert len(rows(lake, "currency")) == 9
    assert oxr.requests == 3
