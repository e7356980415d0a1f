"""Queries to export, instead of the repository's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.redshift.sql_files import Query, read_queries


class Queries:
    """A folder `pets` of queries."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "queries" / "pets"
        self.folder.mkdir(parents=True)
        monkeypatch.setattr("sources.redshift.sql_files.FOLDERS", self.folder.parent)

    def add(self, name: str, sql: str) -> None:
        """Write a query into a file."""
        (self.folder / f"{name}.sql").write_text(sql)

    def read(self, sql: str, **parameters: object) -> Query:
        """Write a query into a file, and read it."""
        self.add("cats", sql)
        (query,) = read_queries("pets", parameters)
        return query
