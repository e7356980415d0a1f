"""Answers of VAN's API as rows."""

from __future__ import annotations

import pytest

from sources.van.rows import MOST_DEPTH, with_id, without_nulls
from utils.errors.http import ApiError


def test_fields_without_a_value_go_wherever_they_are():
    row = {"a": None, "b": {"c": None, "d": 0}, "e": [{"f": None, "g": ""}], "h": []}
    assert without_nulls(row) == {"b": {"d": 0}, "e": [{"g": ""}], "h": []}


def test_rows_of_lists_have_the_id_of_their_row():
    row = {"id": 7, "shifts": [{"name": "early"}], "roles": None, "notes": [{}]}
    assert with_id(row, "id", ["shifts", "roles", "codes"]) == {
        "id": 7,
        "shifts": [{"name": "early", "id": 7}],
        "roles": [],
        "codes": [],
        "notes": [{}],
    }


def test_a_row_that_is_nested_too_deeply_is_refused():
    row: dict = {}
    for _ in range(MOST_DEPTH - 1):
        row = {"a": row}
    assert without_nulls(row) == row
    with pytest.raises(
        ApiError, match="^van: a row is nested more than 20 levels deep"
    ):
        without_nulls({"a": [row]})
