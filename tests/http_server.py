"""A local HTTP server that plays an API: it gives the answers that a test lists."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Iterator


@dataclass
class Answer:
    """One response. `cut_off` sends half of the body and breaks the connection."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_off: bool = False


@dataclass
class Api:
    """Where the server is, what it answers, and which paths it was asked for."""

    url: str
    answers: list[Answer]
    requests: list[str] = field(default_factory=list)


@contextmanager
def api(*answers: Answer) -> Iterator[Api]:
    """Serve the answers one after the other; the last one is given again and again."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            played.requests.append(self.path)
            answer = played.answers[0]
            if len(played.answers) > 1:
                played.answers.pop(0)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            whole = len(answer.body)
            self.wfile.write(answer.body[: whole // 2 if answer.cut_off else whole])

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    played = Api(f"http://127.0.0.1:{server.server_port}", list(answers))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
