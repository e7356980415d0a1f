"""Addresses of databases with a password in them: which are misread, and how they are shown."""

from __future__ import annotations

import re

# SQLAlchemy, with which dlt parses, ends a password at the first @. A second one means
# that the password has one itself, and that its rest was taken for host, port, database
# or query, where every driver's error repeats it.
_SECOND_AT = re.compile(r"[\w+.-]+://[^:/]*:[^@]*@[^@]*@")


def has_misread_password(address: object) -> bool:
    """Whether a part of the password would be taken for another part of the URL."""
    return isinstance(address, str) and bool(_SECOND_AT.match(address.strip()))


def is_no_host(host: str | None) -> bool:
    """Whether what should be a host's name is a whole address, or the end of a password."""
    # PostgreSQL's abstract sockets begin with an @
    return bool(host) and ("://" in host or "@" in host[1:])


def without_secrets(text: str) -> str:
    """The text without what stands between `://` and `@`, or is a password by name."""
    text = re.sub(r"://.*@", "://...@", text)
    return re.sub(r"password=(?:'(?:[^'\\]|\\.)*'|\S+)", "password=...", text)
