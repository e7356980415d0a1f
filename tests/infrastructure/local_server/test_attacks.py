"""A page that a developer visits neither commands their machine nor reads from it."""

from __future__ import annotations

import re
from typing import Iterator

import pytest

from tests.infrastructure.local_server.pages import (
    ORIGINS,
    readers,
    rows,
    send,
    settled,
)
from tests.samples.page_attacks import (
    attacks,
    attacks_in_each_way,
    essential_attacks,
)
from tests.samples.page_requests import COMMAND, MARK
from tests.samples.planted_objects import plant
from tests.servers.local_server import RunningServer
from tests.servers.ports import free_port
from tests.servers.prefect import running_server
from tests.servers.prefect_state import changes
from tests.servers.waiting import until

# Pages of the other origins send the same, and find a server's defaults as open.
CONTROLS = ("another port", "rebinding")
# Attacks that create a flow on a server with Prefect's own settings.
FLOWS = ("no-cors without a type", "beacon", "cors as JSON")


@pytest.fixture(scope="module")
def defaults(tmp_path_factory) -> Iterator[RunningServer]:
    """A server with Prefect's own settings, without a password."""
    home = tmp_path_factory.mktemp("defaults") / "home"
    url = f"http://127.0.0.1:{free_port()}"
    settings = {
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "false",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": "*",
        "PREFECT_UI_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.2",
    }
    with running_server(home, f"{url}/api", settings):
        yield RunningServer(url, home)


@pytest.fixture(scope="module")
def planted_on_defaults(defaults: RunningServer) -> dict[str, str]:
    return plant(defaults)


@pytest.mark.slow
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_changes_and_reads_nothing(origin, person, server, site, planted):
    everything = origin in ("another port", "rebinding")
    chosen = attacks() if everything else attacks_in_each_way()
    before = rows(server)
    read = send(person, origin, server, site, chosen, planted)
    assert set(read) == {each.name for each in chosen}
    assert readers(read) == []
    assert changes(before, settled(server)) == []
    if origin == "rebinding":  # elsewhere a page cannot read what refuses it
        refused = [text for text in read.values() if re.search(r" 40[13] ", text)]
        assert len(refused) > 100, read


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(
            each,
            marks=pytest.mark.slow if each in CONTROLS else pytest.mark.exhaustive,
        )
        for each in ORIGINS
    ],
)
def test_the_attacks_work_on_a_server_with_prefects_settings(
    origin, chromium, defaults, site, planted_on_defaults
):
    """What refuses them above is the server, not the browser."""
    chosen = essential_attacks()
    effects = {
        *(f"{MARK} {origin} {name}" for name in FLOWS),
        *("+ deployment: ", "+ flow_run: ", "+ events: "),
        COMMAND.format(stolen=defaults.home / "stolen"),
        *(each.name for each in chosen if each.name.startswith(("GET", "socket"))),
    }
    before = rows(defaults)
    found = ""

    def succeeded() -> bool:
        """Attack again what the server was too busy for: its database is SQLite."""
        nonlocal found
        context = chromium.new_context()
        ids = planted_on_defaults
        read = send(context, origin, defaults, site, chosen, ids, at_once=False)
        context.close()
        found += " ".join([*readers(read), *changes(before, rows(defaults))])
        return all(each in found for each in effects)

    until(succeeded, "all attacks to succeed", seconds=30)
