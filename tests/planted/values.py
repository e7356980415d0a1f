"""Secrets to plant: one for each setting that takes any, new ones for each failure.

Each secret consists of marked words and awkward characters. A marked word has letters and
digits alone, so that it survives quoting, and being cut at any awkward character: whoever
shows a part of a secret shows a word. A word names its failure and its secret. Words are
made anew in each session, so that nothing but the session itself can contain them.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import Callable
from urllib.parse import quote

MARKER = "zq" + secrets.token_hex(4)
WORD = re.compile(rf"{MARKER}(\d{{3}})(?:(\d{{2}}))?".encode())

KEY = """\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIIE{}
{}
-----END ENCRYPTED PRIVATE KEY-----
"""

# Each has its words in the places of {}. Headers take no text beyond Latin-1, and
# addresses take every character, but percent-encoded.
SECRETS = {
    # sources
    "hubspot": "pat-eu1-{}/+{}==",
    "open_exchange_rates": "{}%'\"{}",
    "van": '{}"@{}',
    "products": "{}@/%+ {}'\"ü&",
    "redshift": "{}?#:{}[ ]\\",
    # destinations
    "warehouse": "{} {}%40@/é",
    "snowflake_key": KEY,
    "snowflake_passphrase": "{}'{}\\n",
    "lake": "{}/+{}",
    # addresses
    "publication": "{}+@{}",
    "publication_key": "{}/{}=&",
    "hubspot_address": "{}%{}",
    "open_exchange_rates_address": "{}:{}",
    "van_address": "{}@{}",
    "check_ip": "{}'{}",
    "proxy": "{}@/{}",
    "prefect_address": "{}@%{}",
    # the platform
    "prefect_key": "pnu_{}-{}",
    "prefect_login": "{}:/@{}",
    "aws": "{}/+{}",
    "aws_session": "{}//{}==",
    "slack": "T0123/B0123/{}-{}",
    "pagerduty": "{}{}",
    # written by hand into a work pool, and into prefect.yaml
    "by_hand": "{}'\"{}",
    "by_hand_again": "{}$%{}",
    "in_yaml": "{}-{}",
    "in_yaml_before": "{}+{}",
}
NAMES = tuple(SECRETS)

HOW: dict[str, Callable[[str], str]] = {
    "": str,
    "url": lambda text: quote(text, safe=""),
    "json": json.dumps,
}


class Secret(str):
    """Secret that a setting's text takes as it is, `{van}`, or quoted, `{van:url}`."""

    def __format__(self, how: str) -> str:
        return HOW[how](str(self))


@dataclass(frozen=True)
class Owner:
    """Failure and secret to which a word belongs."""

    failure: int
    secret: str | None
    """None if the word was cut off before it says which."""


def secrets_of(failure: int) -> dict[str, Secret]:
    """Return the secrets of a failure, by its number."""
    return {name: Secret(_secret(failure, name)) for name in SECRETS}


def owner_of(word: bytes) -> Owner | None:
    """Return whose word it is. One that was cut off early is nobody's."""
    found = WORD.match(word)
    return found and Owner(int(found[1]), NAMES[int(found[2])] if found[2] else None)


def _secret(failure: int, name: str) -> str:
    text = SECRETS[name]
    start = f"{MARKER}{failure:03}{NAMES.index(name):02}"
    return text.format(*(f"{start}{part}" for part in range(text.count("{}"))))
