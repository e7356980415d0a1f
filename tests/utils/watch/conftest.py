"""Servers for the tests of this folder, one of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from tests.utils.watch.history_server import HistoryServer
    from tests.utils.watch.watched_server import WatchedServer


@pytest.fixture(scope="session")
def running_watched_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WatchedServer]:
    """A server with authentication, its automations, and places that they tell."""
    from tests.utils.watch.watched_server import watched_server

    with watched_server(tmp_path_factory.mktemp("watched")) as server:
        server.apply()
        yield server


@pytest.fixture
def server(running_watched_server: WatchedServer) -> Iterator[WatchedServer]:
    """The server without deployments, and with places that take everything."""
    running_watched_server.empty()
    yield running_watched_server


@pytest.fixture(scope="session")
def history_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[HistoryServer]:
    """A server on which histories are played."""
    from tests.utils.watch.history_server import history_server

    with history_server(tmp_path_factory.mktemp("histories")) as server:
        yield server
