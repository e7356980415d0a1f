"""Search of bytes for planted secrets, however they are encoded."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Iterator
from urllib.parse import quote, quote_plus

from tests.planted.values import MARKER, Owner, owner_of, secrets_of

WORD_BYTES = len(MARKER) + 6
# What is within a long text that was written into lines or into a terminal: white space,
# an escaped end of a line, a frame's edge, colours.
WRAPPING = re.compile(rb"\s+|(?:\\+[nr])+|\xe2\x94\x82|\x1b\[[0-9;]*m")
# Beginnings of zlib's and gzip's formats in base64.
PACKED = re.compile(rb"(?:eJ|eN|eA|eF|H4sI)[A-Za-z0-9+/]{20,}={0,2}")


@dataclass(frozen=True)
class Found:
    """Secret that was found."""

    place: str
    owner: Owner | None
    encoding: str

    def __str__(self) -> str:
        secret = self.owner and self.owner.secret or "a secret's beginning"
        return f"{secret}, {self.encoding}, in {self.place}"


def search(data: bytes, place: str) -> set[Found]:
    """Return the secrets in the data, also if a line's end or a frame cuts them."""
    unwrapped = WRAPPING.sub(b"", data)
    found = {*_plain(data, place), *_plain(unwrapped, place)}
    found |= {*_base64(unwrapped, place)}
    for packed in PACKED.findall(unwrapped):
        if content := _unpacked(packed):
            found |= search(content, f"{place}, packed in base64")
    return found


def _plain(data: bytes, place: str) -> Iterator[Found]:
    for hit in re.finditer(MARKER.encode(), data):
        owner = owner_of(data[hit.start() : hit.start() + WORD_BYTES])
        yield Found(place, owner, _encoding(data, hit.start(), owner))


def _encoding(data: bytes, at: int, owner: Owner | None) -> str:
    """Return how the secret around a word is written: as a whole, or a part of it."""
    if not owner or not owner.secret:
        return "cut off"
    word = data[at : at + WORD_BYTES]
    for name, form in _forms(owner).items():
        start = at - form.find(word)
        if start >= 0 and data[start : start + len(form)] == form:
            return name
    return "a part of it"


@cache
def _forms(owner: Owner) -> dict[str, bytes]:
    """Return what a secret looks like when it is written as text."""
    secret = secrets_of(owner.failure)[owner.secret]
    return {
        name: text.encode()
        for name, text in {
            "raw": secret,
            "quoted (repr)": repr(secret)[1:-1],
            "quoted (JSON)": json.dumps(secret)[1:-1],
            "quoted (JSON, UTF-8)": json.dumps(secret, ensure_ascii=False)[1:-1],
            "quoted twice (JSON)": json.dumps(json.dumps(secret)[1:-1])[1:-1],
            "percent-encoded": quote(secret, safe=""),
            "percent-encoded (quote)": quote(secret),
            "percent-encoded (quote_plus)": quote_plus(secret),
        }.items()
    }


def _base64(data: bytes, place: str) -> Iterator[Found]:
    for core, skipped in _cores().items():
        for hit in re.finditer(re.escape(core), data):
            # The core begins at one of base64's groups of four.
            text = re.match(rb"[A-Za-z0-9+/_-]*", data[hit.start() : hit.start() + 24])
            word = MARKER[:skipped].encode() + _decoded(text[0])
            yield Found(place, owner_of(word), "base64")


@cache
def _cores() -> dict[bytes, int]:
    """Return what the marker is in base64, with the number of bytes ahead of it.

    Base64 takes three bytes at a time, so that there are three ways to write a text that
    stands within another one. The groups that the text shares with others are left out.
    """
    cores = {}
    for skipped in range(3):
        whole = MARKER[skipped:].encode()
        whole = whole[: len(whole) // 3 * 3]
        cores[base64.b64encode(whole)] = skipped
        cores[base64.urlsafe_b64encode(whole)] = skipped
    return cores


def _decoded(text: bytes) -> bytes:
    """Decode either alphabet's base64, with or without the equals signs at its end."""
    text = text.translate(bytes.maketrans(b"-_", b"+/"))
    text = text[:-1] if len(text) % 4 == 1 else text
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _unpacked(packed: bytes) -> bytes:
    try:
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress
        return unpack(_decoded(packed.rstrip(b"=")))
    except (ValueError, zlib.error):
        return b""
