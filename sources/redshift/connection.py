"""Read-only connections to Redshift through parsons, made for unattended runs."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator

from dlt.common.configuration.resolve import resolve_configuration

from sources.database_credentials import RedshiftCredentials
from sources.quiet_parsons import quiet_parsons
from utils.export.running_queries import running_query

if TYPE_CHECKING:
    from parsons.databases.redshift import Redshift
    from psycopg2.extensions import connection as Connection

CONNECT_TIMEOUT_SECONDS = 30
# macOS has its own name for it.
KEEP_IDLE = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE")
# All digits of a float, and times in UTC whatever the user's own settings are.
SETTINGS = "SET extra_float_digits TO 2; SET timezone TO 'UTC'"


def redshift_credentials() -> RedshiftCredentials:
    """Resolve `sources.redshift_export.credentials`."""
    return resolve_configuration(
        RedshiftCredentials(), sections=("sources", "redshift_export")
    )


@contextmanager
def redshift_connection() -> Iterator[Connection]:
    """Open a read-only transaction.

    Raises:
        psycopg2.Error: Redshift cannot be reached, or does not let this user in.
    """
    with (
        _redshift(redshift_credentials()).connection() as connection,
        running_query(connection),
    ):
        _keep_alive(connection)
        connection.set_session(readonly=True)
        with connection.cursor() as cursor:
            cursor.execute(SETTINGS)
        yield connection


def _redshift(credentials: RedshiftCredentials) -> Redshift:
    with quiet_parsons():
        from parsons.databases.redshift import Redshift
    return Redshift(
        host=credentials.host,
        port=credentials.port,
        db=credentials.database,
        username=credentials.username,
        password=credentials.password,
        timeout=CONNECT_TIMEOUT_SECONDS,
    )


def _keep_alive(connection: Connection) -> None:
    """Notice within a minute that a NAT gateway has dropped the connection.

    A gateway does so after 350 silent seconds, and some queries take longer. The
    operating system would probe after two hours. parsons gives no way to libpq's settings.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as tcp:
        if tcp.family == socket.AF_UNIX:
            return
        tcp.setsockopt(socket.IPPROTO_TCP, KEEP_IDLE, 30)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
