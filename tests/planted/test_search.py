"""The search finds a secret in each encoding and in each kind of file."""

from __future__ import annotations

import base64
import gzip
import io
import json
import pickle
import sqlite3
import urllib.parse
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from rich.panel import Panel

from tests.planted.contents import search_file, search_folder
from tests.planted.search import search
from tests.planted.values import MARKER, NAMES, Owner, secrets_of

PLANTED = secrets_of(7)
AWKWARD = "products"
SECRET = PLANTED[AWKWARD]


def framed(secret: str) -> str:
    """Return what rich writes into a narrow terminal."""
    console = Console(width=20, file=io.StringIO())
    console.print(Panel(f"The server said {secret} to this"))
    return console.file.getvalue()


ENCODINGS = {
    "raw": str,
    "quoted (repr)": repr,
    "quoted (JSON)": json.dumps,
    "quoted (JSON, UTF-8)": lambda s: json.dumps(s, ensure_ascii=False),
    "quoted twice (JSON)": lambda s: json.dumps(json.dumps(s)),
    "percent-encoded": lambda s: urllib.parse.quote(s, safe=""),
    "percent-encoded (quote)": urllib.parse.quote,
    "percent-encoded (quote_plus)": urllib.parse.quote_plus,
    "a part of it": lambda s: s.partition("@")[0],
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", NAMES)
def test_text_in_each_encoding(encoding, name):
    text = f"error: {ENCODINGS[encoding](PLANTED[name])} is wrong"
    found = search(text.encode(), "log")
    assert {each.owner for each in found} == {Owner(7, name)}
    if name == AWKWARD:  # no two encodings of it are alike
        assert encoding in {each.encoding for each in found}


@pytest.mark.parametrize("ahead", ["", ":", "u:", "reader:", '{"token": "'])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("name", NAMES)
def test_base64_behind_any_text(encode, ahead, name):
    text = encode(f"{ahead}{PLANTED[name]}!".encode())
    (found,) = search(b"Authorization: Basic " + text, "log")
    assert (found.owner, found.encoding) == (Owner(7, name), "base64")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: framed(s),
        lambda s: "\n  ".join(s),
        lambda s: "\x1b[1;31m".join(s),
        lambda s: base64.encodebytes(b"." * 50 + s.encode()).decode(),
        lambda s: json.dumps(base64.encodebytes(b"." * 50 + s.encode()).decode()),
        lambda s: base64.encodebytes(b"." * 50 + pickle.dumps(ValueError(s))).decode(),
    ],
    ids=["frame", "lines", "colours", "base64", "base64 in JSON", "pickle in base64"],
)
def test_what_is_cut_by_line_ends(wrap):
    found = search(wrap(SECRET).encode(), "log")
    assert Owner(7, AWKWARD) in {each.owner for each in found}


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress])
def test_what_dlt_packs_into_a_column(compress):
    state = json.dumps({"sources": "x" * 100, "address": SECRET}).encode()
    found = search(b'{"state": "' + base64.b64encode(compress(state)) + b'"}', "log")
    assert {each.owner for each in found} == {Owner(7, AWKWARD)}


def test_a_secret_that_was_cut_off():
    whole = f"a long message with {MARKER}00700"
    for cut, owner in ((2, Owner(7, None)), (3, None), (4, None)):
        (found,) = search(whole[:-cut].encode(), "log")
        assert (found.owner, found.encoding) == (owner, "cut off")


def test_nothing_where_there_is_nothing():
    assert not search(b"Loaded 3 rows " + base64.b64encode(b"of contacts" * 9), "log")


def in_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE log (message TEXT, data BLOB)")
        connection.execute("INSERT INTO log VALUES (?, ?)", ("x" * 9000, SECRET))
        connection.commit()


def in_duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE pets AS SELECT [?] AS names", [SECRET])


def in_parquet(path: Path) -> None:
    pq.write_table(pa.table({"name": [SECRET] * 100}), path, compression="zstd")


def in_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", SECRET * 100)


@pytest.mark.parametrize(
    "write",
    [
        *(in_sqlite, in_duckdb, in_parquet, in_zip),
        lambda path: path.write_bytes(gzip.compress(SECRET.encode() * 100)),
        lambda path: path.write_bytes(pickle.dumps({"token": SECRET})),
    ],
    ids=["SQLite", "DuckDB", "Parquet", "ZIP", "gzip", "pickle"],
)
def test_each_kind_of_file(tmp_path, write):
    path = tmp_path / "file"
    write(path)
    found = search_file(path, "file")
    assert {each.owner for each in found} == {Owner(7, AWKWARD)}


def test_the_name_of_a_file(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / PLANTED["pagerduty"]).touch()
    (found,) = search_folder(tmp_path)
    assert found.owner == Owner(7, "pagerduty")
