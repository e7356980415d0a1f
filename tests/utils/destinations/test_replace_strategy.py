"""The way into replaced tables: straight into new ones, else through staging."""

from __future__ import annotations

import pytest

from utils.destinations.replace_strategy import ReplaceStrategy

ALL = ["truncate-and-insert", "insert-from-staging", "staging-optimized"]


@pytest.mark.parametrize(
    "tables_are_new, supported, chosen",
    [
        (False, ALL, ["insert-from-staging"]),
        (True, ALL, ["truncate-and-insert"]),
        (False, ["truncate-and-insert"], ["truncate-and-insert"]),
    ],
)
def test_the_strategy_depends_on_whether_the_tables_are_new(
    tables_are_new, supported, chosen
):
    selector = ReplaceStrategy()
    selector.tables_are_new = tables_are_new
    assert selector(supported, table_schema={"name": "pets"}) == chosen
