"""Errors of psycopg2 in plain words: a lost connection has no code there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg2

# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE = "55P03"
# Words of libpq, OpenSSL and psycopg2 itself, which come without an SQLSTATE.
LOST = (
    "closed the connection unexpectedly",
    "connection has been closed unexpectedly",
    "connection not open",
    "connection already closed",
    "cursor already closed",
    "no connection to the server",
    "could not receive data from server",
    "could not send data to server",
    "lost synchronization with server",
    "SSL SYSCALL error",
    "SSL error: unexpected eof",
    "server conn crashed",  # PgBouncer's
    # in the middle of a COPY: PGRES_COPY_OUT, PGRES_COPY_IN
    "no message from the libpq",
    "error with status PGRES_COPY",
)


def is_lost_connection(error: psycopg2.Error) -> bool:
    """Return whether the connection broke, once it was open."""
    return error.pgcode is None and any(words in str(error) for words in LOST)


def in_one_line(error: psycopg2.Error) -> str:
    """Return the server's or the driver's message without a full stop."""
    return " ".join(str(error).split()).rstrip(".?")


def lost_while_reading(what: str, error: psycopg2.Error) -> str:
    """Describe a connection that broke, without a full stop.

    Args:
        what: Table or result that was read.
        error: Error of the driver.
    """
    said = in_one_line(error)
    reason = "" if "no message from the libpq" in said else f" ({said})"
    return f"the connection was lost while {what} was read{reason}"
