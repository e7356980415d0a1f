"""A page that attacks the temporary server of `python -m flows.x`, which has no UI."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.infrastructure.local_server.pages import readers, rows, send, settled
from tests.infrastructure.local_server.rules import assert_closed
from tests.samples.page_attacks import attacks
from tests.samples.planted_objects import plant
from tests.servers.local_server import RunningServer, running_temporary_server
from tests.servers.prefect_state import changes
from tests.servers.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("temporary") / "home"
    with running_temporary_server(home) as server:
        # the flow's own run has reached its state and its log
        def begun() -> bool:
            return "Beginning flow run" in str(server.ask("POST", "/logs/filter", {}))

        until(begun, "the flow's first line")
        yield server


@pytest.fixture(scope="module")
def planted(temporary: RunningServer) -> dict[str, str]:
    return plant(temporary)


@pytest.mark.parametrize("origin", ["another port", "rebinding"])
def test_a_page_changes_and_reads_nothing(origin, chromium, temporary, site, planted):
    before = rows(temporary)
    context = chromium.new_context()
    chosen = attacks()
    read = send(context, origin, temporary, site, chosen, planted)
    context.close()
    assert set(read) == {each.name for each in chosen}
    assert readers(read) == []
    assert changes(before, settled(temporary)) == []


def test_each_rule_holds_by_itself(temporary):
    assert_closed(temporary.url, temporary.password)
