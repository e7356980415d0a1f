"""Where a load begins: before the latest change."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import pytest

from sources.lag import MOST_HOURS, lag_of, start_before
from utils.settings.errors import ConfigurationError

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


def test_a_load_begins_before_the_latest_change():
    assert start_before(NOON, lag_of("x.lag_hours", 1.5)) == NOON - timedelta(hours=1.5)
    assert start_before(None, lag_of("x.lag_hours", 0)) is None


def test_changes_of_the_year_1_are_read_from_the_beginning():
    assert start_before(datetime(1, 1, 1, 12), timedelta(days=1)) is None


@pytest.mark.parametrize("hours", [-1, math.nan, math.inf, MOST_HOURS + 1])
def test_a_lag_that_is_none(hours):
    with pytest.raises(ConfigurationError, match="^x.lag_hours is not from 0 to"):
        lag_of("x.lag_hours", hours)
