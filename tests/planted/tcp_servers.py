"""Servers without HTTP: a database that echoes the password, an untrusted certificate."""

from __future__ import annotations

import ssl
import struct
import threading
from contextlib import contextmanager, suppress
from functools import partial
from socket import socket
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Callable, ContextManager, Iterator

from tests.planted.certificate import server_context
from tests.planted.servers import Server


def tcp(talk: Callable[[socket], None]) -> Callable[[], ContextManager[Server]]:
    """Return a server that hands each connection to a function."""

    @contextmanager
    def serve() -> Iterator[Server]:
        class Connection(BaseRequestHandler):
            def handle(self) -> None:
                server.asked.set()
                with suppress(OSError, struct.error):
                    talk(self.request)

        with ThreadingTCPServer(("127.0.0.1", 0), Connection) as listener:
            listener.daemon_threads = True
            server = Server(listener.server_address[1])
            run = partial(listener.serve_forever, 0.01)
            threading.Thread(target=run, daemon=True).start()
            yield server
            listener.shutdown()

    return serve


def self_signed(connection: socket) -> None:
    """Present a certificate that no authority has signed."""
    with suppress(ssl.SSLError):
        server_context().wrap_socket(connection, server_side=True)


def postgres(connection: socket) -> None:
    """Ask for the password in clear, and refuse it with an error that repeats it."""
    request = connection.recv(8)
    while request[4:] == struct.pack("!I", 80877103):  # for TLS, which is not there
        connection.sendall(b"N")
        request = connection.recv(8)
    connection.recv(struct.unpack("!I", request[:4])[0] - 8)
    connection.sendall(b"R" + struct.pack("!II", 8, 3))
    password = connection.recv(4096)[5:].rstrip(b"\0")
    message = b'password authentication failed for user "reader": ' + password
    fields = b"SFATAL\0VFATAL\0C28P01\0M" + message + b"\0\0"
    connection.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)
