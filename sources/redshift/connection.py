"""Connections to Redshift through parsons, made for unattended runs: read-only, and noticed if lost."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Iterator

from dlt.common.configuration import configspec
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.typing import TSecretStrValue

from sources.database_credentials import DatabaseCredentials
from sources.quiet_parsons import quiet_parsons
from utils.export.running_queries import running_query

if TYPE_CHECKING:
    from parsons.databases.redshift import Redshift
    from psycopg2.extensions import connection as Connection

CONNECT_TIMEOUT_SECONDS = 30
# All digits of a float; what a user has set as his time zone changes no result.
SETTINGS = "SET extra_float_digits TO 2; SET timezone TO 'UTC'"


@configspec(init=False)
class RedshiftCredentials(DatabaseCredentials):
    """Of a user who may read."""

    drivername: Final[str] = "redshift"  # type: ignore[misc]
    host: str = None
    port: int = 5439
    database: str = None
    username: str = None
    password: TSecretStrValue = None


def redshift_credentials() -> RedshiftCredentials:
    """`sources.redshift_export.credentials`, from wherever secrets are kept."""
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

    It does so after 350 silent seconds, and many a query takes longer; the operating
    system would ask after two hours. libpq has settings for this, parsons no way to them.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as tcp:
        if tcp.family == socket.AF_UNIX:
            return
        # macOS has its own name for it
        idle = getattr(socket, "TCP_KEEPIDLE", None) or socket.TCP_KEEPALIVE
        tcp.setsockopt(socket.IPPROTO_TCP, idle, 30)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
