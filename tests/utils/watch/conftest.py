"""A watched server, one for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
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
