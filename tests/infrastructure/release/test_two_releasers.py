"""Two people release at once. The older release is stopped at one of its writes.

While it waits there, as on a machine that sleeps, the other one begins and ends. Then the
write goes through. What the newer one has released stays, and the older one says why it ends.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Iterator

import pytest

from tests.fakes.http_server import Answer, Request
from tests.infrastructure.release.production import READS, Production, writes
from tests.infrastructure.release.repository_of_tests import PRODUCTION, deployment
from tests.infrastructure.release.steps import release_the_house

SECOND = deployment("orders", "cpu: 256, memory: 512").replace(
    "<<: *production", "<<: *production\n    name: production-backfill"
)
WRITES = range(1, 10)
# The record begun, a deployment, and what is deleted; the others are a command.
FEW = (2, 5, 7)
MOMENTS = [
    pytest.param(
        each, marks=pytest.mark.slow if each in FEW else pytest.mark.exhaustive
    )
    for each in WRITES
]


class Held:
    """Proxy's answer that lets one write wait."""

    def __init__(self, number: int) -> None:
        self.number, self.seen = number, 0
        self.waits, self.goes_on = threading.Event(), threading.Event()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Answer | None:
        if request.method != "GET" and not request.path.endswith(READS):
            with self._lock:
                self.seen += 1
                is_it = self.seen == self.number
            if is_it:
                self.waits.set()
                assert self.goes_on.wait(120)
        return None


@pytest.fixture
def commits(production: Production) -> tuple[str, str]:
    """Two commits on top of the house, which is released: an older and a newer one."""
    repository = production.repository
    repository.write({"README.md": "# At first\n"})
    repository.replace("prefect.yaml", "memory: 1024}", "memory: 2048}")
    repository.commit("Before the house")
    release_the_house(production)
    repository.replace("prefect.yaml", "memory: 2048}", "memory: 1024}")
    repository.commit("The house again")
    release_the_house(production)
    whole = repository.read("prefect.yaml")
    older = whole.replace(PRODUCTION["ping"], SECOND).replace("0 6 * * *", "0 5 * * *")
    repository.write({"prefect.yaml": older})
    first = repository.commit("Customers come earlier")
    repository.write({"prefect.yaml": whole.replace("0 6 * * *", "0 4 * * *")})
    return first, repository.commit("Even earlier, and nothing else")


@contextmanager
def stopped(production: Production, commit: str, number: int) -> Iterator[list[str]]:
    """Start a release that waits at a write; let it go on in the end, and read its words."""
    held = Held(number)
    production.repository.git("switch", "--quiet", "--detach", commit)
    said: list[str] = []
    with production.watched(held) as proxy:
        process = production.start("apply", api_url=f"{proxy.url}/api")
        assert held.waits.wait(120), process.communicate(timeout=1)
        yield said
        held.goes_on.set()
        out, err = process.communicate(timeout=120)
        said += [out, err, str(process.returncode)]


def without_times(found: dict[str, Any]) -> dict[str, Any]:
    """Return deployments without versions, which are those of their last change."""
    return {
        name: {key: value for key, value in each.items() if key != "version"}
        for name, each in found.items()
    }


@pytest.mark.slow
def test_the_older_release_has_as_many_writes(production, commits):
    production.repository.git("switch", "--quiet", "--detach", commits[0])
    with production.watched() as proxy:
        production.release("apply", api_url=f"{proxy.url}/api")
    # a busy server gets some twice
    asked = {(each.method, each.path, each.body) for each in writes(proxy)}
    assert len(asked) == len(WRITES)


@pytest.mark.parametrize("number", MOMENTS)
def test_the_newer_release_stays(production, commits, number):
    older, newer = commits
    with stopped(production, older, number) as said:
        production.repository.git("switch", "--quiet", "--detach", newer)
        assert f"Production now has commit {newer[:12]}" in production.release("apply")
        released = production.settled()
    out, err, code = said
    assert without_times(production.settled()) == without_times(released)
    assert code == "1", out + err
    assert f"Meanwhile the release of {newer[:12]}, which began at" in err
    latest = production.record().latest
    assert (latest.commit, latest.state) == (newer, "finished")
    assert "Nothing to change" in production.release("apply")


@pytest.mark.parametrize("number", MOMENTS)
def test_a_rollback_beside_a_release_stays(production, commits, number):
    with stopped(production, commits[0], number) as said:
        production.release("rollback")
        restored = production.settled()
    out, err, code = said
    assert without_times(production.settled()) == without_times(restored)
    assert code == "1", out + err
    assert "Meanwhile the rollback to " in err
    latest = production.record().latest
    assert latest.takes_back and latest.is_finished
