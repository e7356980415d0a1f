"""Secrets in texts, in the forms that errors and answers give them."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest

from utils.redaction.texts import redact, redact_all

SECRET = """aB3$/x+y z"'<ü@%7"""


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("SOURCES__PETS__TOKEN", f"{SECRET}\n")


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        f"{SECRET}\n",
        repr(SECRET),
        json.dumps(SECRET),
        json.dumps({"token": SECRET}, ensure_ascii=False),
        quote(SECRET),
        re.sub("%..", lambda code: code[0].lower(), quote(SECRET, safe="")),
        quote_plus(SECRET),
        b64encode(SECRET.encode()).decode(),
        urlsafe_b64encode(SECRET.encode()).decode(),
        *(b64encode(("u" * n + f":{SECRET}|0").encode()).decode() for n in range(3)),
    ],
)
def test_a_secret_is_struck(written):
    redacted = redact(f"before {written} after")
    assert redacted.startswith("before ") and redacted.endswith(" after")
    assert "***" in redacted
    assert len(redacted) <= len("""before {"token": "***"} after""")


def test_a_secret_within_another_is_struck_whole(monkeypatch):
    monkeypatch.setenv("SOURCES__PETS__LONGER_TOKEN", f"{SECRET}-and-more")
    assert redact(f"{SECRET}-and-more") == "***"


def test_an_unknown_password_in_an_address_is_struck():
    text = "https://me:sesame@example.org/a?b=c@d, http://127.0.0.1:4200/api, a:b@c"
    assert redact(text) == text.replace("me:sesame", "***")


def test_a_long_text_is_read_once():
    """A pattern that tries each beginning would need hours."""
    text = "a" * 2**20
    encoded = b64encode(SECRET.encode()).decode()
    assert redact(f"{text} {text}{encoded}{text} {text}") == f"{text} *** {text}"


def test_ordinary_texts_are_left():
    text = "GET https://example.org/a?b=c answered 404: *** none 'x'"
    assert redact(text) == text


def test_nested_values():
    value = {"a": [SECRET, (SECRET, 1)], "b": SECRET.encode("latin-1"), "c": None}
    assert redact_all(value) == {"a": ["***", ("***", 1)], "b": b"***", "c": None}
