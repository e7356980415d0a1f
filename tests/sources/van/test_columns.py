"""Declared columns of VAN's tables fit the rows that VAN sends."""

from __future__ import annotations

from datetime import date
from typing import Any, Iterator

import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

from sources.van import columns
from tests.fakes.van import Van, activist_code, survey_question

NAMING = NamingConvention()
# Of a location; an event's own codes are a list, too.
NOT_LOADED = {"codes"}
VAN = Van()
EVENT = VAN.add_event(date(2026, 3, 2), signups=1)


def names(row: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the columns of a row, those of the objects within it too, as dlt names them."""
    for name, value in row.items():
        column = prefix + NAMING.normalize_identifier(name)
        if isinstance(value, dict):
            yield from names(value, f"{column}__")
        elif not isinstance(value, list):
            yield column


@pytest.mark.parametrize(
    "declared, row",
    [
        (columns.ACTIVIST_CODE, activist_code(1)),
        (columns.SURVEY_QUESTION, survey_question(1)),
        (columns.SURVEY_RESPONSE, survey_question(1)["responses"][0]),
        (columns.EVENT, EVENT),
        (columns.PARTS_OF_EVENT["shifts"], EVENT["shifts"][0]),
        (columns.PARTS_OF_EVENT["roles"], EVENT["roles"][0]),
        (columns.PARTS_OF_EVENT["locations"], EVENT["locations"][0]),
    ],
    ids=["code", "question", "response", "event", "shift", "role", "location"],
)
def test_what_van_sends_is_declared(declared, row):
    sent = set(names({name: row[name] for name in row if name not in NOT_LOADED}))
    assert sent <= set(declared)
