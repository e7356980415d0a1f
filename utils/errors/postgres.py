"""What psycopg2 raises, in plain words: it has no code for a connection that is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg2

# https://www.postgresql.org/docs/current/errcodes-appendix.html
LOCK_NOT_AVAILABLE = "55P03"
# libpq's words, OpenSSL's, and psycopg2's own, all of them without an SQLSTATE.
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
    """Whether there was a connection, and it broke."""
    return error.pgcode is None and any(words in str(error) for words in LOST)


def in_one_line(error: psycopg2.Error) -> str:
    """What the server or the driver says, without a full stop."""
    return " ".join(str(error).split()).rstrip(".?")


def lost_while_reading(what: str, error: psycopg2.Error) -> str:
    """What to say of a connection that broke, without a full stop."""
    said = in_one_line(error)
    reason = "" if "no message from the libpq" in said else f" ({said})"
    return f"the connection was lost while {what} was read{reason}"
