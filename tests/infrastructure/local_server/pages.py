"""Pages in Chromium that attack a Prefect server on the same machine."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.sync_api import BrowserContext, Frame

from tests.fakes.http_server import Answer, Api, Request, serving
from tests.repository.tree import ROOT
from tests.samples.page_attacks import Attack
from tests.samples.page_requests import CLIENT, MARK
from tests.samples.planted_objects import SECRET
from tests.servers.local_server import RunningServer
from tests.servers.prefect_state import State, state
from tests.servers.waiting import until

# A name of the attacker's, which Chromium resolves to this machine.
NAME = "evil.example"
ARGUMENTS = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
SCRIPT = (ROOT / "tests/samples/attacking_page.js").read_text()
PAGE = "<!doctype html><title>A page</title><body>A page"
SANDBOX = f'{PAGE}<iframe sandbox="allow-scripts allow-forms" srcdoc="A page"></iframe>'


@dataclass(frozen=True)
class Origin:
    """Where a page comes from, and by which address it reaches the server.

    Braces hold the ports of the attacker's site and of the attacked server.
    """

    page: str
    server: str = "http://127.0.0.1:{port}"


ORIGINS = {
    "another port": Origin("http://127.0.0.1:{site}/page"),
    "localhost": Origin("http://localhost:{site}/page"),
    "another name": Origin(f"http://{NAME}:{{site}}/page"),
    "a sandbox": Origin("http://127.0.0.1:{site}/sandbox"),
    "a file": Origin("file://{file}"),
    # A name that was bound to the attacker's machine first, then to this one. What the
    # page has loaded before does not matter: its document is the server's here, because
    # Chromium lets no document of unknown origin reach this machine.
    "rebinding": Origin(
        f"http://{NAME}:{{port}}/api/health", f"http://{NAME}:{{port}}"
    ),
    "localhost of the server": Origin("http://localhost:{port}/api/health"),
}


@contextmanager
def attackers_site() -> Iterator[Api]:
    """Serve pages, and redirects to wherever a page asks for."""

    def respond(request: Request) -> Answer:
        if request.path == "/redirect":
            allowed = {
                "Access-Control-Allow-Origin": request.headers.get("origin", "*")
            }
            target = {"Location": request.query["to"]}
            return Answer(status=307, headers=target | allowed)
        page = SANDBOX if request.path == "/sandbox" else PAGE
        return Answer(page.encode(), headers={"Content-Type": "text/html"})

    with serving(respond) as site:
        yield site


@contextmanager
def opened(
    context: BrowserContext, origin: Origin, server: RunningServer, site: Api
) -> Iterator[Frame]:
    """Open a page of an origin, ready to attack."""
    file = server.home / "page.html"
    file.write_text(PAGE)
    ports = {"site": urlsplit(site.url).port, "port": server.port, "file": file}
    page = context.new_page()
    page.goto(origin.page.format(**ports))
    frame = page.frames[-1]  # in a sandbox, or the page itself
    frame.evaluate(f"{SCRIPT}; window.attackAll = attackAll; 0")
    yield frame
    for each in context.pages:
        if each is page or each.url.startswith(server.url):  # popups
            each.close()


def send(
    context: BrowserContext,
    origin: str,
    server: RunningServer,
    site: Api,
    attacks: list[Attack],
    ids: dict[str, str],
    at_once: bool = True,
) -> dict[str, str]:
    """Attack from a page of an origin. Return what it could read, by attack."""
    found = ORIGINS[origin]
    target = found.server.format(port=server.port)
    with opened(context, found, server, site) as frame:
        names = ids | {"origin": origin}
        filled = [each.filled(target, site.url, names) for each in attacks]
        arguments = {"attacks": filled, "atOnce": at_once}
        return frame.evaluate("arguments => attackAll(arguments)", arguments)


def readers(read: dict[str, str]) -> list[str]:
    """Return the attacks that read something: a secret, or a socket that is open."""
    return [
        name
        for name, text in read.items()
        if SECRET in text or "auth_success" in text or text.startswith("open")
    ]


def rows(server: RunningServer) -> State:
    """Return the server's rows.

    Of events and CSRF tokens only those of a page: others come from the person's programs.
    """
    found = state(server.home)
    return found | {
        "events": {kind for kind in found["events"] if MARK in kind},
        "csrf_token": found["csrf_token"] & {CLIENT},
    }


def settled(server: RunningServer) -> State:
    """Return the server's rows after all events have been written, in their order."""
    mark = f"arrived-last {uuid4()}"
    event = {
        "occurred": datetime.now(UTC).isoformat(),
        "event": mark,
        "resource": {"prefect.resource.id": mark},
        "id": str(uuid4()),
    }
    server.ask("POST", "/events", [event])
    until(lambda: mark in state(server.home)["events"], "the last event")
    return rows(server)
