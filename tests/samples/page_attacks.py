"""What a web page may send to a Prefect server on the visitor's machine.

Each request of page_requests.py, in the ways in which attacking_page.js can send it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Iterator
from uuid import uuid4

from tests.samples.page_requests import (
    COMMANDS,
    FILTERS,
    MARK,
    READS,
    SIGN_IN,
    SOCKETS,
)
from tests.samples.page_ways import GUESSES, JSON, SIMPLE, TOKEN, WAYS


@dataclass(frozen=True)
class Attack:
    """One thing that a page does, with a function of attacking_page.js."""

    name: str
    function: str
    url: str
    """Path on the attacked server, or a whole address."""
    options: dict[str, Any] = field(default_factory=dict)

    def filled(self, server: str, page: str, ids: dict[str, str]) -> dict[str, Any]:
        """Return the argument of `attack()` in attacking_page.js.

        Args:
            server: Address of the attacked server.
            page: Address of the page's own server.
            ids: Values of what stands in braces.
        """
        url = self.url if self.url.startswith(("http", "{")) else server + self.url
        found = json.dumps(
            {"name": self.name, "url": url, "function": self.function} | self.options
        )
        names = {"server": server, "page": page, "event": str(uuid4())}
        for name, value in (ids | names).items():
            found = found.replace(f"{{{name}}}", value)
        return json.loads(found) | {"name": self.name}


def _flow(name: str) -> str:
    return json.dumps({"name": f"{MARK} {{origin}} {name}"})


def creating_a_flow() -> Iterator[Attack]:
    """Yield each way of sending, with a request that creates a flow."""
    for name, (function, options) in WAYS.items():
        body = {"body": _flow(name)}
        yield Attack(name, function, "/api/flows/", options | body)
    for host in ("localhost", "0.0.0.0", "127.1", "[::1]"):
        options = SIMPLE | {"body": _flow(host)}
        yield Attack(
            f"address {host}", "fetched", f"http://{host}:{{port}}/api/flows/", options
        )
    for kind, function in {"fetch": "fetched", "form": "form"}.items():
        options = SIMPLE | {"body": _flow(f"redirect {kind}"), "type": "text/plain"}
        if function == "fetched":
            del options["type"]
        redirect = "{page}/redirect?to={server}/api/flows/"
        yield Attack(f"redirect of a {kind}", function, redirect, options)
    for name, value in GUESSES.items():
        options = {
            "method": "POST",
            "type": JSON,
            "headers": {"Authorization": value},
            "body": _flow(f"guess {name}"),
        }
        yield Attack(f"password {name}", "with_token", "/api/flows/", options)
    for path in ("/api/flows", "/api//flows/", "/api/health/../flows/"):
        options = SIMPLE | {"body": _flow(path)}
        yield Attack(f"path {path}", "fetched", path, options)


def commanding() -> Iterator[Attack]:
    """Yield each request that changes something, in the two strongest ways."""
    for number, (method, path, content) in enumerate(COMMANDS):
        for way in (None, "token"):
            if way is None and method != "POST":
                continue  # never without a preflight
            function, options = TOKEN if way else ("fetched", SIMPLE)
            body = json.dumps(content).replace("{way}", str(way))
            body = body.replace("{number}", f"{number}{'b' if way else 'a'}")
            yield Attack(
                f"{method} {path}{' with a token' if way else ''}",
                function,
                f"/api{path}",
                options | {"method": method, "body": body if content else None},
            )


ELEMENTS = ("image", "script", "stylesheet", "iframe", "embed", "event source", "popup")


def reading() -> Iterator[Attack]:
    """Yield each way to read, and each thing to read."""
    for path in READS:
        yield Attack(f"GET {path}", "fetched", f"/api{path}", {"method": "GET"})
    for path, content in FILTERS.items():
        body = {"body": json.dumps(content)}
        for function, options in (("fetched", WAYS["cors as JSON"][1]), TOKEN):
            name = f"POST {path} {function}"
            yield Attack(name, function, f"/api{path}", options | body)
    secret = f"/api{READS[0]}"
    for element in ELEMENTS:
        yield Attack(f"{element}", "element", secret, {"kind": element})
    for options in (
        {"method": "GET", "credentials": "include"},
        {"method": "GET", "mode": "no-cors", "credentials": "include"},
        {"method": "HEAD"},
        {"method": "OPTIONS"},
    ):
        yield Attack(f"secret, {options}", "fetched", secret, options)
    for name, value in GUESSES.items():
        options = {"method": "GET", "headers": {"Authorization": value}}
        yield Attack(f"secret, password {name}", "fetched", secret, options)
    redirect = f"{{page}}/redirect?to={{server}}{secret}"
    yield Attack("secret, by a redirect", "fetched", redirect, {"method": "GET"})


def listening() -> Iterator[Attack]:
    """Yield each WebSocket with ways to sign in, one of them with all."""
    for path, message in SOCKETS.items():
        ways = list(SIGN_IN.items())[: None if path == "/events/in" else 2]
        for name, (protocols, first) in ways:
            messages = [json.dumps(each) for each in (*first, message)]
            options = {"protocols": protocols, "messages": messages}
            yield Attack(f"socket {path}, {name}", "socket", f"/api{path}", options)


def attacks() -> list[Attack]:
    """Return all attacks, those that delete last."""
    return [*reading(), *listening(), *creating_a_flow(), *commanding()]


def attacks_in_each_way() -> list[Attack]:
    """Return those that differ in how they are sent, not in what they ask for."""
    elements = [each for each in reading() if each.function == "element"]
    return [*elements, *listening(), *creating_a_flow()]


def essential_attacks() -> list[Attack]:
    """Return some that succeed on a server with Prefect's own settings."""
    names = {
        f"GET {READS[0]}",
        "socket /events/in, without a token",
        "socket /events/out, without a token",
        "no-cors without a type",
        "beacon",
        "cors as JSON",
        "POST /deployments/",
        "POST /deployments/{deployment}/create_flow_run",
    }
    return [each for each in attacks() if each.name in names]
