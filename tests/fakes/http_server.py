"""A local HTTP server that plays an API."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Iterator
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What the server was asked."""

    method: str
    path: str
    """Without the query."""
    query: dict[str, str]
    """Of a name that comes twice, the last value."""
    headers: dict[str, str]
    """By names in lower case."""
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """One response."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_off: bool = False
    """Send half of the body, and break the connection."""
    seconds: float = 0.0
    """How long it takes from the first half of the body to the second."""


def json_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    """An answer in JSON. `Retry_After="1"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        json.dumps(content).encode(),
        status,
        {"Content-Type": "application/json", **named},
    )


@dataclass
class Api:
    """Where the server is, and what it was asked."""

    url: str
    requests: list[Request] = field(default_factory=list)
    trouble: dict[int, Answer] = field(default_factory=dict)
    """Answers that come instead of the right ones, by the request's number from 0."""
    in_flight: int = 0
    """Requests that are being answered."""
    most_in_flight: int = 0

    @property
    def paths(self) -> list[str]:
        """Those that were asked for, one after the other."""
        return [request.path for request in self.requests]


@contextmanager
def api(*answers: Answer) -> Iterator[Api]:
    """Serve the answers one after the other; the last one is given again and again."""
    left = list(answers)
    with playing(lambda request: left.pop(0) if len(left) > 1 else left[0]) as played:
        yield played


@contextmanager
def playing(respond: Callable[[Request], Answer]) -> Iterator[Api]:
    """Serve what `respond` answers. It is called by one request at a time."""
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        # The second half of an answer does not wait until the first is acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            request = self._request()
            with one_at_a_time:
                number = len(played.requests)
                played.requests.append(request)
                played.in_flight += 1
                played.most_in_flight = max(played.most_in_flight, played.in_flight)
                answer = played.trouble.get(number) or respond(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            half = len(answer.body) // 2
            self.wfile.write(answer.body[:half])
            self.wfile.flush()
            time.sleep(answer.seconds)
            with one_at_a_time:  # before the client can know that it has an answer
                played.in_flight -= 1
            if not answer.cut_off:
                self.wfile.write(answer.body[half:])

        do_POST = do_PATCH = do_DELETE = do_GET

        def _request(self) -> Request:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True)
            return Request(
                self.command,
                parts.path,
                {name: values[-1] for name, values in query.items()},
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    played = Api(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
