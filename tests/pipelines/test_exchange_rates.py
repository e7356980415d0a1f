"""The exchange rates' pipeline, run for real into a temporary DuckDB file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.exchange_rates import load_exchange_rates
from sources.exchange_rates.archive import HistoryError
from tests.fakes.http_server import Answer, api
from tests.samples.ecb import packaged_csv, unpivoted, with_one_more_day, zipped
from tests.servers.duckdb_warehouse import (
    EXCHANGE_RATES,
    count,
    load_into,
    query,
)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DuckDB file with the packaged history, loaded once."""
    folder = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch:
        file = load_into(folder, patch)
        load_exchange_rates()
    return file


@pytest.fixture
def loaded(history: Path, warehouse: Path) -> Path:
    """The test's warehouse, with the packaged history, as a fresh container finds it."""
    shutil.copy(history, warehouse)
    return warehouse


def load_published(csv: str, monkeypatch: pytest.MonkeyPatch):
    """Load with refresh, from a server that publishes this history."""
    with api(Answer(zipped(csv))) as ecb:
        monkeypatch.setenv("SOURCES__EXCHANGE_RATES__PUBLICATION_URL", ecb.url)
        return load_exchange_rates(refresh=True)


def test_every_cell_of_the_file_and_nothing_else(warehouse, tmp_path):
    """DuckDB itself reads and unpivots the same file; a full join finds no difference."""
    file = tmp_path / "history.csv"
    file.write_text(packaged_csv())
    in_file = unpivoted(file)

    report = load_exchange_rates()

    ((cells,),) = query(warehouse, f"SELECT count(*) FROM ({in_file})")
    assert count(warehouse) == cells
    assert report.rows == cells
    differences = f"""
        SELECT * FROM ({in_file}) AS f FULL JOIN {EXCHANGE_RATES} AS w
        ON f.Date::DATE = w.date AND f.currency = w.currency
        AND f.rate::DECIMAL(18, 8) = w.rate
        WHERE f.Date IS NULL OR w.date IS NULL
    """
    assert query(warehouse, differences) == []
    assert query(warehouse, f"DESCRIBE {EXCHANGE_RATES}") == [
        ("date", "DATE", "NO", None, None, None),
        ("currency", "VARCHAR", "NO", None, None, None),
        ("rate", "DECIMAL(18,8)", "NO", None, None, None),
    ]


def test_a_second_run_adds_and_changes_nothing_and_says_so(warehouse):
    load_exchange_rates()
    before = query(warehouse, f"FROM {EXCHANGE_RATES} ORDER BY ALL")

    report = load_exchange_rates()

    assert query(warehouse, f"FROM {EXCHANGE_RATES} ORDER BY ALL") == before
    assert (report.rows, report.load_ids) == (0, ())
    assert report.summary == "Nothing new to load: dev_exchange_rates is up to date"
    assert "0 are new, 0 corrected" in str(report)


def test_one_more_day_adds_exactly_that_day(loaded, monkeypatch):
    before = query(loaded, f"FROM {EXCHANGE_RATES} ORDER BY ALL")
    newest = packaged_csv().splitlines()[1].rstrip(",").split(",")
    quoted = sum(rate != "N/A" for rate in newest[1:])

    csv, day = with_one_more_day(packaged_csv())
    report = load_published(csv, monkeypatch)

    assert report.rows == quoted
    after = f"FROM {EXCHANGE_RATES} WHERE date {{}} '{day}' ORDER BY ALL"
    assert len(query(loaded, after.format("="))) == quoted
    assert query(loaded, after.format("<")) == before


def test_a_corrected_rate_is_loaded(loaded, monkeypatch):
    csv = packaged_csv()
    assert csv.count("1999-01-04,1.1789,") == 1

    report = load_published(
        csv.replace("1999-01-04,1.1789,", "1999-01-04,1.1788,"), monkeypatch
    )

    assert report.rows == 1
    assert "0 are new, 1 corrected" in str(report)
    assert query(
        loaded,
        f"SELECT rate::VARCHAR FROM {EXCHANGE_RATES}"
        " WHERE date = '1999-01-04' AND currency = 'USD'",
    ) == [("1.17880000",)]


def test_a_currency_the_ecb_adds_is_loaded_and_reported(loaded, monkeypatch):
    header, newest, *older = packaged_csv().splitlines()
    lines = [header + "XYZ,", newest + "1.25,", *(line + "N/A," for line in older)]

    report = load_published("\n".join(lines) + "\n", monkeypatch)

    assert report.rows == 1
    assert "the ECB added XYZ" in str(report)
    assert query(
        loaded, f"SELECT rate::VARCHAR FROM {EXCHANGE_RATES} WHERE currency = 'XYZ'"
    ) == [("1.25000000",)]


def test_a_currency_that_disappears_is_refused(loaded, monkeypatch):
    before = query(loaded, f"FROM {EXCHANGE_RATES} ORDER BY ALL")
    usd_gone = [
        ",".join([line.split(",")[0], *line.split(",")[2:]])
        for line in packaged_csv().splitlines()
    ]

    with pytest.raises(HistoryError, match="row 1: there is no USD, which the ware"):
        load_published("\n".join(usd_gone) + "\n", monkeypatch)

    assert query(loaded, f"FROM {EXCHANGE_RATES} ORDER BY ALL") == before


def test_a_rate_that_is_withdrawn_is_kept_and_reported(loaded, monkeypatch):
    before = count(loaded)
    csv = packaged_csv().replace("1999-01-04,1.1789,", "1999-01-04,N/A,")

    report = load_published(csv, monkeypatch)

    assert "1 rates in the warehouse are not published any more; kept" in str(report)
    assert count(loaded) == before


def test_fewer_days_than_the_warehouse_holds_is_refused(warehouse, monkeypatch):
    csv, day = with_one_more_day(packaged_csv())
    load_published(csv, monkeypatch)
    before = query(warehouse, f"FROM {EXCHANGE_RATES} ORDER BY ALL")

    with pytest.raises(HistoryError, match="that the warehouse has") as error:
        load_exchange_rates()

    assert f"{day} is missing" in str(error.value)
    assert (error.value.row, error.value.column) == (2, "Date")
    assert query(warehouse, f"FROM {EXCHANGE_RATES} ORDER BY ALL") == before


def test_a_faulty_file_loads_nothing(warehouse, monkeypatch):
    csv = packaged_csv().replace("1999-01-04,1.1789,", "1999-01-04,1.I789,")

    with pytest.raises(HistoryError, match="row .*, column USD: '1.I789' is not a"):
        load_published(csv, monkeypatch)

    tables = "SELECT table_name FROM information_schema.tables"
    assert query(warehouse, tables) == []
