"""Strikes secrets from a text, raw or encoded."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from html import escape
from typing import Any, Iterator
from urllib.parse import quote, quote_plus

from utils.redaction.known_secrets import known_secrets

STRUCK = "***"
# Also of an address that comes from elsewhere, such as a redirect.
USER_IN_ADDRESS = re.compile(r"(?<=://)[^\s/?#@:'\"]*:[^\s/?#@'\"]+@")
BASE64 = "[A-Za-z0-9+/_=-]*"


def redact(text: str) -> str:
    """Return the text with `***` in place of each known secret.

    Secrets are found as they are, quoted as in Python, JSON, HTML or a URL, and in base64,
    also in the middle of a longer text that was encoded.
    """
    if secrets := known_secrets():
        text = _pattern(secrets).sub(STRUCK, text)
    return USER_IN_ADDRESS.sub(f"{STRUCK}@", text)


def redact_all(value: Any) -> Any:
    """Return nested dicts, lists and tuples with each text redacted."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        text = value.decode("latin-1")
        return value if (struck := redact(text)) == text else struck.encode("latin-1")
    if isinstance(value, dict):
        return {key: redact_all(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(redact_all, value))
    return value


@lru_cache(maxsize=8)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    forms = {form for secret in secrets for form in _written(secret)}
    encoded = {form for secret in secrets for form in _in_base64(secret)}
    # the longest first: one secret may begin like another
    patterns = [
        *map(re.escape, sorted(forms, key=len, reverse=True)),
        *(
            BASE64 + re.escape(form) + BASE64
            for form in sorted(encoded, key=len, reverse=True)
        ),
    ]
    return re.compile("|".join(patterns))


def _written(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield escape(secret)
    for url in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield url
        yield re.sub("%..", lambda code: code[0].lower(), url)


def _in_base64(secret: str) -> Iterator[str]:
    """Yield what base64 makes of the secret, wherever it begins in a longer text.

    Three bytes become four characters. The first and last ones also depend on the
    neighbours, and are left out.
    """
    content = secret.encode()
    for before in range(3):
        padded = b"\0" * before + content
        whole = len(padded) // 3 * 3
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(padded[:whole])[4 * (before > 0) :].decode()
