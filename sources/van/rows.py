"""Answers of VAN's API as rows."""

from __future__ import annotations

from typing import Any

from utils.errors.http import ApiError

Row = dict[str, Any]

# VAN's own rows have four.
MOST_DEPTH = 20


def without_nulls(row: Row) -> Row:
    """Remove fields without a value: dlt would warn of each of them in every load.

    Raises:
        ApiError: The row is nested more deeply than dlt could load it.
    """
    return _without_nulls(row, MOST_DEPTH)


def _without_nulls(value: Any, depth: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise ApiError(
            f"van: a row is nested more than {MOST_DEPTH} levels deep. Nothing was loaded."
            " Has the API changed? Then sources/van has to follow."
        )
    if isinstance(value, dict):
        return {
            name: _without_nulls(each, depth - 1)
            for name, each in value.items()
            if each is not None
        }
    return [_without_nulls(each, depth - 1) for each in value]


def with_id(row: Row, id_name: str, lists: list[str]) -> Row:
    """Copy the row's id into the rows of its lists, for tables that can be joined.

    Args:
        row: Row with lists of rows in it.
        id_name: Field that holds the row's id.
        lists: Fields that hold lists. A missing one becomes empty.
    """
    return row | {
        name: [{**part, id_name: row[id_name]} for part in row.get(name) or []]
        for name in lists
    }
