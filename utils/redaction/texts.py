"""Strikes secrets from a text, raw or encoded."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from html import escape
from string import ascii_letters, digits
from typing import Any, Iterator
from urllib.parse import quote, quote_plus

from utils.redaction.known_secrets import known_secrets

STRUCK = "***"
# Of a secret that begins in an excerpt, and is encoded.
LONGEST_SECRET = 10_000
# Also of an address that comes from elsewhere, such as a redirect.
USER_IN_ADDRESS = re.compile(r"(?<=://)[^\s/?#@:'\"]*:[^\s/?#@'\"]+@")
BASE64 = ascii_letters + digits + "+/-_="
REST_OF_BASE64 = re.compile(f"[{re.escape(BASE64)}]*")


def redact(text: str) -> str:
    """Return the text with `***` in place of each known secret.

    Secrets are found as they are, quoted as in Python, JSON, HTML or a URL, and in base64,
    also in the middle of a longer text that was encoded.
    """
    if secrets := known_secrets():
        written, encoded = _patterns(secrets)
        text = _strike_encoded(encoded, written.sub(STRUCK, text))
    return USER_IN_ADDRESS.sub(f"{STRUCK}@", text)


def excerpt(text: str, longest: int = 40) -> str:
    """Return the beginning of a text, redacted before it is cut: half a secret is one, too."""
    return redact(text[: longest + LONGEST_SECRET])[:longest]


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


def _strike_encoded(pattern: re.Pattern[str], text: str) -> str:
    """Strike what is found with all of base64 around it.

    A pattern of all that would take a time that grows with the square of the text.
    """
    kept, end = [], 0
    for found in pattern.finditer(text):
        if found.start() >= end:
            kept.append(text[end : found.start()].rstrip(BASE64) + STRUCK)
            end = REST_OF_BASE64.match(text, found.end()).end()  # type: ignore[union-attr]
    return "".join(kept) + text[end:]


@lru_cache(maxsize=8)
def _patterns(secrets: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    written = {form for secret in secrets for form in _written(secret)}
    encoded = {form for secret in secrets for form in _in_base64(secret)}
    return _any_of(written), _any_of(encoded)


def _any_of(forms: set[str]) -> re.Pattern[str]:
    # the longest first: one secret may begin like another
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))


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
