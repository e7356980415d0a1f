"""The ECB's archive as columns of text, and archives that are no whole one."""

from __future__ import annotations

import pytest

from sources.exchange_rates.archive import HistoryError, read_archive
from tests.samples.ecb import FEW_DAYS, assert_names_place, zipped


def test_columns_are_text_and_holes_are_null():
    assert read_archive(zipped(FEW_DAYS), "few.zip").to_pydict() == {
        "Date": ["1999-01-06", "1999-01-05", "1999-01-04"],
        "USD": ["1.1743", "1.179", "1.1789"],
        "JPY": ["131.42", "130.96", "133.73"],
        "SIT": [None, "188.775", None],
    }


def test_lines_may_end_without_a_comma():
    csv = FEW_DAYS.replace(",\n", "\n")
    assert read_archive(zipped(csv), "few.zip").column_names[-1] == "SIT"


def replaced(old: str, new: str) -> bytes:
    assert FEW_DAYS.count(old) == 1
    return zipped(FEW_DAYS.replace(old, new))


@pytest.mark.parametrize(
    "content, row, column, problem",
    [
        (b"<html>Moved</html>", None, None, "not a whole ZIP archive"),
        (zipped(FEW_DAYS)[:-40], None, None, "not a whole ZIP archive"),
        (zipped(FEW_DAYS)[:60] + zipped(FEW_DAYS)[70:], None, None, "not a whole ZIP"),
        (zipped(""), 1, "1", "found '', not 'Date'"),
        (replaced("Date,", "Day,"), 1, "1", "found 'Day', not 'Date'"),
        (replaced("JPY", "yen"), 1, "3", "not the three letters of a currency"),
        (replaced("JPY", ""), 1, "3", "not the three letters of a currency"),
        (replaced("JPY", "USD"), 1, "3", "USD appears twice"),
        (zipped("Date,\n1999-01-04,\n"), 1, None, "no currency after 'Date'"),
        (zipped(FEW_DAYS[:-12]), 4, None, "cut off"),
        (replaced("133.73,,", "133.73"), 4, None, "3 fields where the header has 5"),
        (replaced("131.42,N/A", "131.42"), 2, None, "4 fields where the header has 5"),
        (
            replaced("1.179,130.96,188.775,", "9,1.179,130.96,188.775"),
            3,
            "5",
            "'188.775' is under no",
        ),
        (replaced("188.775,", "188.775,7"), 3, "5", "'7' is under no currency"),
        (zipped(FEW_DAYS.encode().replace(b"N/A", b"\xff")), 2, None, "not text"),
    ],
)
def test_a_fault_names_file_row_and_column(content, row, column, problem):
    with pytest.raises(HistoryError) as error:
        read_archive(content, "bad.zip")
    assert problem in str(error.value)
    assert_names_place(error.value, "bad.zip", row, column)
