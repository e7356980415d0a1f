"""Contents of files as a reader of them sees them: unpacked, and each table's values."""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any, Iterable, Iterator

import duckdb
import pyarrow.parquet as pq

from tests.planted.search import Found, search

# Columns that cannot have a text.
NUMBERS = "U?(TINY|SMALL|BIG|HUGE)?INT|DECIMAL|DOUBLE|FLOAT|BOOLEAN|DATE|TIME"


def search_folder(folder: Path) -> set[Found]:
    """Search all files of a folder, and their names."""
    found: set[Found] = set()
    for path in sorted(folder.rglob("*")):
        place = str(path.relative_to(folder))
        found |= search(place.encode(), f"the name of {place}")
        if path.is_file():
            found |= search_file(path, place)
    return found


def search_file(path: Path, place: str) -> set[Found]:
    """Search a file's bytes, and what they mean."""
    data = path.read_bytes()
    found = search(data, place)
    for part, content in _opened(path, data):
        found |= search(content, f"{place}: {part}" if part else place)
    return found


def _opened(path: Path, data: bytes) -> Iterator[tuple[str, bytes]]:
    if data[:2] == b"\x1f\x8b":
        yield "", gzip.decompress(data)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    elif data[:4] == b"PAR1":
        yield "", _text(pq.read_table(path).to_pylist())
    elif data[:15] == b"SQLite format 3":
        yield from sqlite_tables(path)
    elif data[8:12] == b"DUCK":
        yield from _duckdb_tables(path)


def sqlite_tables(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the tables' names and values. A server may be writing them."""
    uri = f"file:{path}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30)) as connection:
        connection.text_factory = bytes
        names = connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        for (name,) in names.fetchall():
            rows = connection.execute(f'SELECT * FROM "{name.decode()}"')
            yield name.decode(), _text(rows)


def _duckdb_tables(path: Path) -> Iterator[tuple[str, bytes]]:
    options = {"threads": 1}
    with duckdb.connect(str(path), read_only=True, config=options) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name, string_agg(format('\"{}\"', column_name))"
            " FROM duckdb_columns() WHERE NOT internal"
            f" AND NOT regexp_matches(data_type, '^({NUMBERS})') GROUP BY ALL"
        )
        for schema, table, columns in tables.fetchall():
            rows = f'SELECT DISTINCT {columns} FROM "{schema}"."{table}"'
            yield f"{schema}.{table}", _text(connection.execute(rows).fetchall())


def _text(rows: Iterable[Any]) -> bytes:
    """Return all values, one after the other."""
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode()
        for row in rows
        for value in (row.values() if isinstance(row, dict) else row)
    )
