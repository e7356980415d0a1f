"""Plays Snowflake: keeps what dlt sends, and does it in DuckDB, so that a load can be seen.

It speaks no protocol of Snowflake's. dlt's own client runs, and the statements that it
hands to the connector are those that Snowflake would get.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Sequence

import duckdb
import pyarrow as pa
import sqlglot
from snowflake.connector import errors

DATABASE = "ANALYTICS"


class Snowflake:
    """An account with one database. `connect` takes the place of the connector's."""

    def __init__(self) -> None:
        self._duckdb = duckdb.connect()
        self._duckdb.execute(f"ATTACH ':memory:' AS \"{DATABASE}\"")
        self._staged: dict[str, str] = {}
        self.statements: list[str] = []
        self.connections: list[dict[str, Any]] = []

    def connect(self, **parameters: Any) -> Connection:
        self.connections.append(parameters)
        return Connection(self, parameters["schema"])

    def query(self, sql: str) -> list[tuple]:
        return self.session().execute(sql).fetchall()

    def session(self) -> duckdb.DuckDBPyConnection:
        return self._duckdb.cursor().execute(f"USE {DATABASE}")

    def like(self, start: str) -> list[str]:
        """The statements that begin so, each in one line."""
        lines = (" ".join(each.split()) for each in self.statements)
        return [line for line in lines if line.startswith(start)]

    def run(self, session: duckdb.DuckDBPyConnection, statement: str) -> None:
        self.statements.append(statement)
        if put := re.match(r"PUT '(?:file://)(.+?)' '(.+?)'", statement):
            self._staged[f"{put[2]}/{put[1].rpartition('/')[2]}"] = put[1]
        elif copy := re.match(r"COPY INTO (\S+)\s+FROM '(.+?)'", statement):
            file = self._staged[copy[2]]
            session.execute(f"INSERT INTO {copy[1]} BY NAME FROM '{file}'")
        elif statement.startswith("REMOVE"):
            del self._staged[re.match(r"REMOVE '(.+?)'", statement)[1]]
        else:
            for each in sqlglot.transpile(
                statement,
                "snowflake",
                "duckdb",
                unsupported_level=sqlglot.ErrorLevel.IGNORE,  # columns' comments
            ):
                session.execute(each)


class Connection:
    def __init__(self, account: Snowflake, schema: str) -> None:
        self._account = account
        self._session = account.session()
        with suppress(duckdb.CatalogException):  # it may still have to be made
            self._session.execute(f"USE {schema}")
        self._commits = True
        self._begun = False

    def autocommit(self, on: bool) -> None:
        self._commits = on

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def close(self) -> None:
        self._end("ROLLBACK")

    def cursor(self) -> Cursor:
        if not self._commits and not self._begun:
            self._session.execute("BEGIN")
            self._begun = True
        return Cursor(self._account, self._session)

    def _end(self, how: str) -> None:
        if self._begun:
            self._session.execute(how)
            self._begun = False


class Cursor:
    def __init__(self, account: Snowflake, session: duckdb.DuckDBPyConnection) -> None:
        self._account = account
        self._session = session

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def close(self) -> None:
        pass

    def execute(
        self, sql: str, parameters: Sequence[Any] | None, num_statements: int
    ) -> None:
        if parameters:
            sql = sql % tuple(map(_literal, parameters))
        try:
            for statement in filter(None, map(str.strip, sql.split(";\n"))):
                self._account.run(self._session, statement.rstrip(";"))
        except duckdb.CatalogException as error:
            raise errors.ProgrammingError(
                str(error), errno=2003, sqlstate="42S02"
            ) from error

    @property
    def description(self) -> list[tuple] | None:
        return self._session.description

    def fetchall(self) -> list[tuple]:
        return self._session.fetchall()

    def fetchone(self) -> tuple | None:
        return self._session.fetchone()

    def fetch_arrow_all(self, force_return_table: bool) -> pa.Table | None:
        found = self._session.fetch_arrow_table()
        return found if found.num_rows or force_return_table else None


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
