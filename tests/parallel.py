"""Selection and order of tests, and the number of processes.

`pytest` runs all tests except the slow and the exhaustive ones, `pytest -m slow` the slow
ones, `pytest -m exhaustive` the others. They use several processes, because tests mostly
wait for servers and other processes. Each process has its own fixtures, so that a file's
tests stay together. A chosen folder, file or name runs in one process; of a file and a name
all tests run.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

# More than a small machine has processors, because tests wait a third of their time, and
# slow ones half of it.
WORKERS, WORKERS_OF_SLOW = 3, 4
# Markers of tests that `pytest` leaves out.
LEFT_OUT = ("slow", "exhaustive")
# Files whose tests stay in one process, in this order.
TOGETHER = {
    # The machine has one store of images: two processes must not build in it at once.
    "images": (
        "tests/cloud/test_containers.py",
        "tests/cloud/test_task_containers.py",
        "tests/infrastructure/machine/test_scripts.py",
        "tests/infrastructure/machine/test_start.py",
        "tests/end_to_end/test_image.py",
        "tests/end_to_end/test_prefect_server_ec2.py",
        "tests/end_to_end/test_prefect_server_ecs.py",
        "tests/end_to_end/test_prefect_server_ecs_internal.py",
        "tests/repository/test_image.py",
        "tests/servers/docker/",
        "tests/github/test_release.py",  # last: it removes the image at its end
    ),
    # Each process would set up a platform of its own.
    "platform": ("tests/end_to_end/",),
    # Each process would start the server and Chromium.
    "local server": ("tests/infrastructure/local_server/",),
    # Each process would start a watched server.
    "watched server": (
        "tests/utils/watch/test_look.py",
        "tests/utils/watch/test_main.py",
    ),
    # Each process would start a server and migrate its database.
    "server of histories": (
        "tests/utils/watch/test_histories_on_a_server.py",
        "tests/utils/watch/test_prefect_history.py",
        "tests/utils/watch/test_server_runs.py",
    ),
    "releases": (
        "tests/infrastructure/release/test_apply",
        "tests/infrastructure/release/test_rollback.py",
        "tests/infrastructure/release/test_two_releasers.py",
        "tests/infrastructure/release/stack/test_update.py",
    ),
}
# The longest tests come first, so that no process ends with one alone.
LONG = (
    *(name for names in TOGETHER.values() for name in names),
    "tests/repository/test_deployments.py",
    "tests/utils/loading/test_recovery.py",
    "tests/utils/destinations/test_filesystem.py",
)


def workers(config: pytest.Config) -> int:
    """Return the number of processes: none beside this one for a choice of tests."""
    chosen = config.option.markexpr not in ("", *LEFT_OUT)
    if chosen or _is_a_choice(config):
        return 0
    return WORKERS_OF_SLOW if config.option.markexpr else WORKERS


def leave_out_slow(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the slow and the exhaustive tests, except of chosen files and names."""
    if config.option.markexpr or config.option.keyword or _last_failed(config):
        return
    chosen = {Path(each.partition("::")[0]).resolve() for each in config.args}
    slow = [
        item
        for item in items
        if any(map(item.get_closest_marker, LEFT_OUT)) and item.path not in chosen
    ]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)


def long_first(items: list[pytest.Item]) -> None:
    """Move the longest tests to the front."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "image" in fixtures and not item.nodeid.startswith(TOGETHER["images"]):
            raise pytest.UsageError(f"tests/parallel.py: images lack {item.nodeid}")
    items.sort(key=lambda item: _place(item.nodeid))


def _is_a_choice(config: pytest.Config) -> bool:
    some_files = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return bool(some_files or config.option.keyword or _last_failed(config))


def _last_failed(config: pytest.Config) -> bool:
    return bool(config.getoption("lf", False))  # option of the cacheprovider


def _place(nodeid: str) -> int:
    found = [place for place, name in enumerate(LONG) if nodeid.startswith(name)]
    return found[0] if found else len(LONG)


class Files(LoadScopeScheduling):
    """Scheduler that hands out files and groups of them, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        for group, names in TOGETHER.items():
            if nodeid.startswith(names):
                return group
        return nodeid.partition("::")[0]
