"""A page and the UI that the person is signed in to."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.infrastructure.local_server.pages import ORIGINS, opened
from tests.servers.local_server import RunningServer

pytestmark = pytest.mark.slow

WRONG = "d3Jvbmc6d3Jvbmc="


def kept_password(person: BrowserContext, server: RunningServer) -> str:
    page = person.new_page()
    page.goto(f"{server.url}/api/health")
    kept = page.evaluate("localStorage.getItem('prefect-password')")
    page.close()
    return kept


def test_a_page_cannot_sign_the_person_in_as_another(person, server, site):
    before = kept_password(person, server)
    assert before
    with opened(person, ORIGINS["another port"], server, site) as frame:
        with person.expect_page() as popup:
            frame.evaluate(f"open('{server.url}/sign-in.html#{WRONG}')")
        popup.value.wait_for_url(lambda url: "sign-in" not in url)
    assert kept_password(person, server) == before


@pytest.mark.parametrize("origin", ["another port", "localhost", "another name"])
def test_a_page_cannot_show_the_ui_in_a_frame(origin, person, server, site):
    """A click on such a page would start a deployment.

    Chromium gives one storage to all ports of a host: in a frame the person is signed in.
    """
    with opened(person, ORIGINS[origin], server, site) as frame:
        frame.evaluate(
            "url => document.body.append(Object.assign("
            "document.createElement('iframe'), {src: url, width: 900, height: 600}))",
            f"{server.url}/v2/flows",
        )
        framed = frame.wait_for_selector("iframe").content_frame()
        framed.wait_for_url("**/v2/flows")
        framed.wait_for_function("() => !document.documentElement", timeout=5000)


def test_without_the_password_only_health_is_shown(person, server, site):
    """Asks for every path of the API, as a page can whose name leads to the server."""
    paths = server.ask("GET", f"{server.url}/openapi.json")["paths"]
    routes = [(m.upper(), path) for path, methods in paths.items() for m in methods]
    assert len(routes) > 100
    with opened(person, ORIGINS["rebinding"], server, site) as frame:
        statuses = frame.evaluate(
            "routes => Promise.all(routes.map(async ([method, path]) =>"
            " (await fetch('/api' + path, {method, body: method == 'GET' ? undefined"
            " : '{}', headers: {'Content-Type': 'application/json'}})).status))",
            routes,
        )
    shown = {
        path for (_, path), status in zip(routes, statuses) if status not in (401, 403)
    }
    assert shown == {"/health", "/ready"}
