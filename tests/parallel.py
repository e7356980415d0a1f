"""The whole suite runs in processes side by side; here is what runs in which, and when.

Tests mostly wait: for servers, for other processes. Each process has fixtures of its own, so
that a file's tests stay together, and so do those that use the store of images.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

WORKERS = 2
# The store is one for the machine: two must not empty it, or build the same, at once.
IMAGES = (
    *(
        "tests/end_to_end/",
        "tests/repository/test_image.py",
        "tests/cloud/test_containers.py",
    ),
    "tests/github/test_release.py",
)
# Those that take a minute or more, so that no process ends with one alone.
LONG = (
    *(
        *IMAGES,
        "tests/repository/test_deployments.py",
        "tests/killing/test_killed_runs.py",
    ),
    *("tests/utils/loading/test_recovery.py", "tests/utils/destinations/test_lake.py"),
)


def workers(config: pytest.Config) -> int:
    """None for a choice of tests: starting them would take longer than the tests."""
    all_files = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    chosen = config.option.keyword or config.option.markexpr
    chosen = chosen or config.getoption("lf", False)  # of the cacheprovider
    return WORKERS if all_files and not chosen else 0


def long_first(items: list[pytest.Item]) -> None:
    """Order by what is known of their duration."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "image" in fixtures and not item.nodeid.startswith(IMAGES):
            raise pytest.UsageError(f"tests/parallel.py: IMAGES lacks {item.nodeid}")
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    found = [place for place, name in enumerate(LONG) if nodeid.startswith(name)]
    return found[0] if found else len(LONG)


class Files(LoadScopeScheduling):
    """Hands out one file after the other, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "images" if file.startswith(IMAGES) else file
