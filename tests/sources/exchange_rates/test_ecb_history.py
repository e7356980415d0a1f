"""The ECB's history file: every value as published, every fault named by its place."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from sources.exchange_rates.archive import HistoryError
from sources.exchange_rates.ecb_history import read_history
from tests.samples.ecb import FEW_DAYS, assert_names_place, packaged_csv, zipped


def test_one_row_for_each_rate_published():
    history = read_history(zipped(FEW_DAYS), "few.zip")

    assert history.schema.types == [pa.date32(), pa.string(), pa.decimal128(18, 8)]
    day = datetime.date
    assert sorted(tuple(row.values()) for row in history.to_pylist()) == [
        (day(1999, 1, 4), "JPY", Decimal("133.73")),
        (day(1999, 1, 4), "USD", Decimal("1.1789")),
        (day(1999, 1, 5), "JPY", Decimal("130.96")),
        (day(1999, 1, 5), "SIT", Decimal("188.775")),
        (day(1999, 1, 5), "USD", Decimal("1.179")),
        (day(1999, 1, 6), "JPY", Decimal("131.42")),
        (day(1999, 1, 6), "USD", Decimal("1.1743")),
    ]


def test_the_real_history_is_read_whole():
    csv = packaged_csv()
    cells = [line.split(",") for line in csv.splitlines()[1:]]
    published = sum(cell not in ("", "N/A") for row in cells for cell in row[1:])

    history = read_history(zipped(csv), "real.zip")

    assert history.num_rows == published > 200_000
    assert len(history["date"].unique()) == len(cells)


def test_a_currency_that_is_new_is_read():
    csv = FEW_DAYS.replace("SIT", "XYZ")
    currencies = read_history(zipped(csv), "few.zip")["currency"].unique()
    assert set(currencies.to_pylist()) == {"USD", "JPY", "XYZ"}


def replaced(old: str, new: str) -> bytes:
    assert FEW_DAYS.count(old) == 1
    return zipped(FEW_DAYS.replace(old, new))


@pytest.mark.parametrize(
    "content, row, column, problem",
    [
        (replaced("1999-01-05", "1999-02-30"), 3, "Date", "'1999-02-30' is not a date"),
        (replaced("1999-01-05", "5 January"), 3, "Date", "'5 January' is not a date"),
        (replaced("1999-01-05", ""), 3, "Date", "there is no date"),
        (replaced("1999-01-05", "1999-01-06"), 3, "Date", "not before 1999-01-06"),
        (replaced("1999-01-05", "1999-01-07"), 3, "Date", "not before 1999-01-06"),
        (replaced("1999-01-06", "2999-01-06"), 2, "Date", "is in the future"),
        (zipped(FEW_DAYS.rpartition("1999-01-04")[0]), 3, "Date", "the euro's first"),
        (zipped("Date,USD,\n"), 1, "Date", "the euro's first"),
        (replaced("130.96", "13O.96"), 3, "JPY", "'13O.96' is not a rate"),
        (replaced("130.96", "nan"), 3, "JPY", "'nan' is not a rate"),
        (replaced("130.96", "1.123456789"), 3, "JPY", "'1.123456789' is not a rate"),
        (replaced("130.96", "12345678901"), 3, "JPY", "'12345678901' is not a rate"),
        (replaced("130.96", "-130.96"), 3, "JPY", "-130.96 is not a positive number"),
        (replaced("130.96", "0"), 3, "JPY", "0 is not a positive number"),
        (zipped(FEW_DAYS + "\n"), 5, "Date", "there is no date"),
    ],
)
def test_a_fault_names_file_row_and_column(content, row, column, problem):
    with pytest.raises(HistoryError) as error:
        read_history(content, "bad.zip")
    assert problem in str(error.value)
    assert_names_place(error.value, "bad.zip", row, column)
