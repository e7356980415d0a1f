"""Programs that some tests need, and that no package of the project brings."""

from __future__ import annotations

import shutil

import pytest


def program(name: str) -> str:
    """Return a program's path; skip the test where it is missing."""
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed: tests/README.md says how to get it")
    return path
