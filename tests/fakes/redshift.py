"""A fake of Redshift: a PostgreSQL that keeps what dlt sends, and copies files from S3.

Redshift speaks PostgreSQL's protocol. Its types and its COPY from S3 are done here as its
documentation says: columns of a Parquet file by their position.
https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

from __future__ import annotations

import gzip
import io
import json
import re
from typing import Any

import psycopg2.extensions
import pyarrow.parquet as pq
from psycopg2.extras import Json, execute_values

from tests.fakes.aws import Aws
from tests.servers.postgres import Database

TYPES = {"varchar(max)": "text", "super": "jsonb"}


class ResumingWorkgroup:
    """A Redshift Serverless that wakes up: the first session's first statement fails.

    `connect` takes the place of psycopg2's.
    """

    def __init__(self) -> None:
        self._connect = psycopg2.connect
        self.sessions = 0

    def connect(self, **settings: Any) -> psycopg2.extensions.connection:
        self.sessions += 1
        if self.sessions > 1:
            return self._connect(**settings)
        return self._connect(**settings, cursor_factory=_Unrestored)


class _Unrestored(psycopg2.extensions.cursor):
    def execute(self, statement: Any, parameters: Any = None) -> None:
        super().execute(
            "DO $$ BEGIN RAISE EXCEPTION USING"
            " ERRCODE = '57014', MESSAGE = 'Query cancelled.'; END $$"
        )


class Redshift:
    """A warehouse. `connect` takes the place of psycopg2's."""

    def __init__(self, database: Database, aws: Aws) -> None:
        self._database = database
        self._connect = psycopg2.connect
        self._s3 = aws.client("s3")
        self.statements: list[str] = []

    def connect(self, dsn: str, options: str) -> psycopg2.extensions.connection:
        warehouse = self

        class Cursor(psycopg2.extensions.cursor):
            def execute(self, statement: Any, parameters: Any = None) -> None:
                text = (
                    statement
                    if isinstance(statement, str)
                    else statement.as_string(self)
                )
                warehouse.statements.append(" ".join(text.split()))
                if copy := re.match(r"\s*COPY (\S+)\s+FROM 's3://(.+?)/(.+?)'", text):
                    warehouse._copy(super(), *copy.groups())
                else:
                    for ours, theirs in TYPES.items():
                        text = text.replace(ours, theirs)
                    super().execute(text, parameters)

        # dsn has Redshift's port
        return self._connect(self._database.url, options=options, cursor_factory=Cursor)

    def query(self, sql: str) -> list[tuple]:
        connection = self._connect(self._database.url)
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def like(self, start: str) -> list[str]:
        """Return the statements with this beginning, each in one line."""
        return [each for each in self.statements if each.startswith(start)]

    def _copy(self, cursor: Any, table: str, bucket: str, key: str) -> None:
        content = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        if key.endswith(".parquet"):
            rows = pq.read_table(io.BytesIO(content)).to_pylist()
            columns = ""
            values = [tuple(row.values()) for row in rows]
        else:
            lines = gzip.decompress(content).splitlines()
            rows = [json.loads(line) for line in lines]
            columns = "(" + ", ".join(f'"{name}"' for name in rows[0]) + ")"
            values = [
                tuple(
                    Json(v) if isinstance(v, dict | list) else v for v in row.values()
                )
                for row in rows
            ]
        execute_values(cursor, f"INSERT INTO {table}{columns} VALUES %s", values)
