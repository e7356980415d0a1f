"""Rows of a Prefect server's database, as far as only its clients change them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

State = dict[str, set[str]]

# The server, its workers and everybody's sign-in change them, too.
CHANGING = {
    *("block_schema", "block_schema_reference", "block_type", "csrf_token"),
    *("event_resources", "events", "work_queue", "worker"),
}


def state(home: Path) -> State:
    """Return all rows by table; of events only the kinds, of tokens the clients."""
    address = f"file:{home / 'prefect.db'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as database:

        def rows(query: str) -> set[str]:
            return {" ".join(map(str, row)) for row in database.execute(query)}

        tables = rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            "events": rows("SELECT DISTINCT event FROM events"),
            "csrf_token": rows("SELECT client FROM csrf_token"),
            **{name: rows(f'SELECT * FROM "{name}"') for name in tables - CHANGING},
        }


def changes(before: State, after: State) -> list[str]:
    """Return the rows that came or went."""
    return [
        f"{sign} {table}: {row}"
        for table in sorted(after)
        for sign, rows in (
            ("+", after[table] - before[table]),
            ("-", before[table] - after[table]),
        )
        for row in sorted(rows)
    ]
