"""Every flow and every task strikes secrets from its errors."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest
from prefect import Flow, Task

import flows
from utils.errors.redacted import redacted_errors

MODULES = [each.name for each in iter_modules(flows.__path__)]
REDACTING = redacted_errors(print).__code__


@pytest.mark.parametrize("name", MODULES)
def test_errors_are_redacted(name):
    found = vars(import_module(f"flows.{name}")).values()
    published = [each for each in found if isinstance(each, (Flow, Task))]
    assert published
    for each in published:
        assert each.fn.__code__ is REDACTING, f"{each.name} lacks @redacted_errors"
