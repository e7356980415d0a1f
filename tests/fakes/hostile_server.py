"""A server that answers what no honest one would: without end, packed, far away."""

from __future__ import annotations

import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from typing import Callable, Iterator

from tests.fakes.http_server import QuietHandler, listening

ENDLESS = -1


@dataclass(frozen=True)
class Reply:
    """An answer, whose body is made while it is sent."""

    piece: bytes = b""
    times: int = 1
    """How often the piece is sent. ENDLESS: until the client hangs up."""
    first: bytes = b""
    last: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    """`{host}` in a value is this server's address, `{other}` another one's."""
    zipped: bool = False
    """Pack the body with gzip."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the body, packed if it has to be."""
        plain = self._plain()
        if not self.zipped:
            yield from plain
            return
        packer = zlib.compressobj(9, wbits=31)
        for piece in plain:
            yield packer.compress(piece)
        yield packer.flush()

    def _plain(self) -> Iterator[bytes]:
        yield self.first
        if self.times == ENDLESS:
            yield from repeat(self.piece)
        for _ in range(self.times):
            yield self.piece
        yield self.last


@dataclass
class HostileServer:
    """A running server, and the paths that it was asked for."""

    url: str
    paths: list[str] = field(default_factory=list)


@contextmanager
def replying(
    reply: Reply | Callable[[str], Reply], other: str = ""
) -> Iterator[HostileServer]:
    """Serve a reply, or what a function returns for a request's path.

    Args:
        reply: The answer to each request.
        other: Address of another server, for redirects.
    """

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            server.paths.append(self.path)
            given = reply if isinstance(reply, Reply) else reply(self.path)
            headers = dict(given.headers)
            if given.zipped:
                headers["Content-Encoding"] = "gzip"
            with suppress(OSError):  # the client has hung up
                self.send_response(given.status)
                for name, value in headers.items():
                    named = value.replace("{host}", server.url)
                    self.send_header(name, named.replace("{other}", other))
                self.end_headers()
                self._send(given, headers.get("Transfer-Encoding") == "chunked")

        do_POST = do_GET

        def _send(self, given: Reply, chunked: bool) -> None:
            for piece in filter(None, given.pieces()):
                if chunked:
                    piece = b"%x\r\n%s\r\n" % (len(piece), piece)
                self.wfile.write(piece)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")

    with listening(Handler) as url:
        server = HostileServer(url)
        yield server
