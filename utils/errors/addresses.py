"""Addresses of databases with a password in them: misread ones, and how they are shown."""

from __future__ import annotations

import re

# SQLAlchemy, with which dlt parses, ends a password at the first @. A second one means
# that the password has one itself, and that its rest was taken for host, port, database
# or query, where every driver's error repeats it.
_SECOND_AT = re.compile(r"[\w+.-]+://[^:/]*:[^@]*@[^@]*@")


def has_misread_password(address: object) -> bool:
    """Return whether a part of the password is taken for another part of the URL."""
    return isinstance(address, str) and bool(_SECOND_AT.match(address.strip()))


def is_no_host(host: str | None) -> bool:
    """Return whether a host is a whole address or the end of a password."""
    if not host:
        return False
    # PostgreSQL's abstract sockets begin with an @
    return "://" in host or "@" in host[1:]


def without_secrets(text: str) -> str:
    """Return the text with dots for what is between `://` and `@`, and for passwords."""
    text = re.sub(r"://.*@", "://...@", text)
    return re.sub(r"password=(?:'(?:[^'\\]|\\.)*'|\S+)", "password=...", text)
