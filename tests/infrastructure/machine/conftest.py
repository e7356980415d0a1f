"""Fixtures of the machine's tests: a root in which its scripts run."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.infrastructure.machine.root import Root, debian
from tests.servers.images import what_is_missing


@pytest.fixture
def root() -> Iterator[Root]:
    """Root of a new machine."""
    if missing := what_is_missing():
        pytest.skip(missing)
    with debian() as root:
        yield root


@pytest.fixture
def machine(root: Root) -> Root:
    """Root of a machine after its first boot."""
    booted = root.boot()
    assert booted.returncode == 0, booted.stderr
    return root
