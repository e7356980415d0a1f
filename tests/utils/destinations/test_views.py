"""Names for views. Statements of views are tested by destination, and in tests/pipelines."""

from __future__ import annotations

import pytest

from utils.destinations.views import free_name


@pytest.mark.parametrize(
    "taken, name",
    [((), "age"), (("name",), "age"), (("AGE",), "age_"), (("age_", "Age"), "age__")],
)
def test_a_free_name(taken, name):
    assert free_name("age", taken) == name
