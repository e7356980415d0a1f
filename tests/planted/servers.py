"""HTTP servers that fail a run: they echo what they were sent, or break off."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import Callable, ContextManager, Iterator
from urllib.parse import quote, quote_plus, urlencode

from tests.fakes.http_server import Answer, Request, json_answer, serving
from tests.fakes.hubspot import TOKEN, HubSpot
from tests.fakes.van import Van, activist_code

Respond = Callable[[Request], Answer]


@dataclass
class Server:
    """A running server."""

    port: int
    asked: threading.Event = field(default_factory=threading.Event)
    """Set when the first request has arrived."""


# How an API may repeat what it was sent.
ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "repr": repr,
    "percent": quote_plus,
    "base64": lambda text: base64.b64encode(text.encode("latin-1")).decode(),
}


def received(request: Request, encoding: str = "raw") -> str:
    """Return all of a request, and what its encodings hide.

    In front is the Authorization header in an encoding: messages repeat beginnings alone.
    """
    sent = request.headers.get("authorization", "")
    kind, _, token = sent.partition(" ")
    if kind == "Basic":
        token = base64.b64decode(token).decode("latin-1")
    query = urlencode(request.query)
    address = f"{request.path}?{query} {quote(query)} {request.query}"
    shown = ENCODINGS[encoding](sent)
    return f"Refused: {shown} ({token}) {address} {json.dumps(request.headers)}"


# Each API has its own form of an error, whose words a message repeats.
FORMS: dict[str, Callable[[str], object]] = {
    "HubSpot": lambda text: {
        "status": "error",
        "message": text,
        "category": text,
        "correlationId": text,
    },
    "Open Exchange Rates": lambda text: {
        "error": True,
        "status": 403,
        "message": text,
        "description": text,
    },
    "VAN": lambda text: {"errors": [{"code": text, "text": text}]},
    "Prefect": lambda text: {"detail": text, "exception_message": text},
    "AWS": lambda text: {"__type": "AccessDeniedException", "Message": text},
}


def echo(form: str, status: int, encoding: str = "raw") -> Respond:
    """Answer with an error that repeats the request, in a form of `FORMS`."""
    return lambda request: json_answer(FORMS[form](received(request, encoding)), status)


def echo_page(status: int, **headers: str) -> Respond:
    """Answer with an HTML page that repeats the request, as a proxy does."""
    return lambda request: Answer(
        f"<html><pre>{received(request)}</pre></html>".encode(),
        status,
        {"Content-Type": "text/html"}
        | {
            # in a header there are only characters of Latin-1, in one line
            name.replace("_", "-"): value.format(
                sent=quote(request.headers.get("authorization", "")),
                query=urlencode(request.query),
            )
            for name, value in headers.items()
        },
    )


def echo_xml(request: Request) -> Answer:
    """Answer with an error that repeats the request, as CloudFormation writes it."""
    message = f"<Message>{escape(received(request))}</Message>"
    error = f"<Error><Code>AccessDenied</Code>{message}</Error>"
    return Answer(f"<ErrorResponse>{error}</ErrorResponse>".encode(), 403)


def cut_off(request: Request) -> Answer:
    """Send half of an answer that repeats the request."""
    return replace(echo_page(200)(request), cut_off=True)


def slow(request: Request) -> Answer:
    """Send half of an answer, and the rest of it much later."""
    return replace(echo_page(200)(request), seconds=20)


def content(build: Callable[[str], object]) -> Respond:
    """Answer 200 with JSON that contains what was received."""
    return lambda request: json_answer(build(received(request)))


def data(build: Callable[[str], bytes]) -> Respond:
    """Answer 200 with bytes that contain what was received."""
    return lambda request: Answer(build(received(request)))


def http(respond: Respond) -> Callable[[], ContextManager[Server]]:
    """Return a server of HTTP."""

    @contextmanager
    def serve() -> Iterator[Server]:
        def answer(request: Request) -> Answer:
            server.asked.set()
            return respond(request)

        with serving(answer) as api:
            server = Server(int(api.url.rpartition(":")[2]))
            yield server

    return serve


def hubspot_account() -> ContextManager[Server]:
    """Serve an account with a contact, to whoever has any token."""
    account = HubSpot()
    account.add("contacts", email="ada@example.org")
    return http(partial(_let_in, account.respond, f"Bearer {TOKEN}"))()


def van_account() -> ContextManager[Server]:
    """Serve a campaign with a code, to whoever has any key."""
    van = Van(activist_codes=[activist_code(1)])
    known = base64.b64encode(f":{van.password}".encode()).decode()
    return http(partial(_let_in, van.respond, f"Basic {known}"))()


def _let_in(respond: Respond, authorization: str, request: Request) -> Answer:
    headers = request.headers | {"authorization": authorization}
    return respond(replace(request, headers=headers))
