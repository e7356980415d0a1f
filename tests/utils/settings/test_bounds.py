"""Bounds of settings, and tokens that a header can carry."""

from __future__ import annotations

import math
from datetime import date

import pytest

from utils.settings.bounds import checked_token, require_between
from utils.settings.errors import ConfigurationError

SETTING = "sources.pets.token"


def test_the_bounds_belong_to_the_range():
    require_between(SETTING, 0, 0, 1)
    require_between(SETTING, 1.0, 0, 1)
    require_between(SETTING, date(2026, 1, 1), date(2026, 1, 1), date(2026, 1, 2))


@pytest.mark.parametrize("value", [-1, 1.1, math.nan, math.inf, 10**400])
def test_a_number_out_of_bounds_is_told_with_its_setting(value):
    with pytest.raises(ConfigurationError) as error:
        require_between(SETTING, value, 0, 1)
    assert str(error.value) == (
        "sources.pets.token is not from 0 to 1. Nothing was loaded. Outside of these bounds"
        " nothing useful could be loaded. It comes from SOURCES__PETS__TOKEN in the"
        " environment or from a file in .dlt: fix it there."
    )


def test_a_token_loses_the_spaces_around_it():
    assert checked_token(SETTING, " pat-eu1-x\r\n") == "pat-eu1-x"


@pytest.mark.parametrize(
    "token", ["", " ", "ses\name", "ses\0ame", "ses\u00e4me", "\ud800", "s" * 8_001]
)
def test_a_token_that_no_header_carries_is_not_shown(token):
    with pytest.raises(
        ConfigurationError, match="^sources.pets.token is empty"
    ) as error:
        checked_token(SETTING, token)
    assert "ses" not in str(error.value)
