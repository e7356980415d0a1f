"""The local server, one for all tests of this folder, and Chromium signed in to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from tests.fakes.http_server import Api
    from tests.servers.local_server import RunningServer


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The server that the README's command starts."""
    from tests.servers.local_server import running_local_server

    with running_local_server(tmp_path_factory.mktemp("local") / "home") as server:
        yield server


@pytest.fixture(scope="package")
def planted(server: RunningServer) -> dict[str, str]:
    """Objects on the server, by what page_attacks.py calls them."""
    from tests.samples.planted_objects import plant

    return plant(server)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium, for which a name of the attacker's leads to this machine."""
    from tests.infrastructure.local_server.pages import ARGUMENTS
    from tests.servers.chromium import running_chromium

    with running_chromium(ARGUMENTS) as browser:
        yield browser


@pytest.fixture(scope="package")
def person(chromium: Browser, server: RunningServer) -> Iterator[BrowserContext]:
    """A person's Chromium, in which the UI has been opened by the page printed."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(server.sign_in)
    page.get_by_role("link", name="Dashboard").wait_for()
    page.close()
    yield context
    context.close()


@pytest.fixture(scope="package")
def site() -> Iterator[Api]:
    """The attacker's site."""
    from tests.infrastructure.local_server.pages import attackers_site

    with attackers_site() as site:
        yield site
