"""A local HTTP server, which fakes of APIs answer through."""

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
    """A request that the server received."""

    method: str
    path: str
    """Path without the query."""
    query: dict[str, str]
    """Values by name, the last one of a name that comes twice."""
    headers: dict[str, str]
    """Values by name in lower case."""
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """A response of the server."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_off: bool = False
    """Send half of the body, and break the connection."""
    seconds: float = 0.0
    """Pause between the halves of the body, in seconds."""


def json_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON. `Retry_After="1"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        json.dumps(content).encode(),
        status,
        {"Content-Type": "application/json", **named},
    )


@dataclass
class Api:
    """A running server: its address, the requests it received, answers to give."""

    url: str
    requests: list[Request] = field(default_factory=list)
    trouble: dict[int, Answer] = field(default_factory=dict)
    """Answers given instead of the right ones, by the request's number from 0."""
    in_flight: int = 0
    """Requests that are being answered."""
    most_in_flight: int = 0

    @property
    def paths(self) -> list[str]:
        """Paths of the requests, in their order."""
        return [request.path for request in self.requests]


class QuietHandler(BaseHTTPRequestHandler):
    """Handler that logs nothing."""

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], port: int = 0) -> Iterator[str]:
    """Serve with a class of handlers at a free port, or this one. Yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def api(*answers: Answer) -> Iterator[Api]:
    """Serve the answers one after the other, and repeat the last one."""
    left = list(answers)
    with serving(lambda request: left.pop(0) if len(left) > 1 else left[0]) as served:
        yield served


@contextmanager
def serving(respond: Callable[[Request], Answer]) -> Iterator[Api]:
    """Serve what `respond` answers. It is called by one request at a time."""
    one_at_a_time = threading.Lock()

    class Handler(QuietHandler):
        # The second half of an answer does not wait until the first is acknowledged.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            request = self._request()
            with one_at_a_time:
                number = len(served.requests)
                served.requests.append(request)
                served.in_flight += 1
                served.most_in_flight = max(served.most_in_flight, served.in_flight)
                answer = served.trouble.get(number) or respond(request)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            half = len(answer.body) // 2
            if half:
                self.end_headers()
                self.wfile.write(answer.body[:half])
                self.wfile.flush()
            time.sleep(answer.seconds)
            with one_at_a_time:  # before the client can know that it has the answer
                served.in_flight -= 1
            if not half:
                self.end_headers()
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

    with listening(Handler) as url:
        served = Api(url)
        yield served
