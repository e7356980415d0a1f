"""A history that lacks what someone already has."""

from __future__ import annotations

import pytest

from sources.exchange_rates.archive import HistoryError
from sources.exchange_rates.completeness import require_currencies, require_days
from sources.exchange_rates.ecb_history import read_history
from tests.samples.ecb import FEW_DAYS, zipped


def test_missing_days_are_named():
    whole = read_history(zipped(FEW_DAYS), "whole.zip")
    lines = FEW_DAYS.splitlines(keepends=True)
    short = read_history(zipped("".join([lines[0], lines[1], lines[3]])), "short.zip")

    require_days(whole, short["date"], owner="the warehouse")  # more days are fine
    with pytest.raises(HistoryError, match="that the warehouse has") as error:
        require_days(short, whole["date"], owner="the warehouse")

    assert "1999-01-05 is missing" in str(error.value)
    assert (error.value.row, error.value.column) == (3, "Date")


def test_a_missing_currency_is_named():
    whole = read_history(zipped(FEW_DAYS), "whole.zip")
    less = read_history(zipped(FEW_DAYS.replace("JPY", "XYZ")), "less.zip")

    require_currencies(whole, whole["currency"], owner="the warehouse")
    with pytest.raises(HistoryError, match="there is no JPY, which the warehouse has"):
        require_currencies(less, whole["currency"], owner="the warehouse")
