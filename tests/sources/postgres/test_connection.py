"""A read-only transaction in a real PostgreSQL, with settings that do not help."""

from __future__ import annotations

import socket
import time
from typing import Iterator

import psycopg2
import psycopg2.extensions
import pytest

from sources.database_credentials import PostgresCredentials
from sources.postgres.connection import read_only_transaction
from tests.servers.postgres import Database, assert_asks_twice_a_minute, over_tcp


@pytest.fixture
def transaction(
    application: Database,
) -> Iterator[psycopg2.extensions.cursor]:
    """A transaction in a database whose own settings are others than are needed."""
    for setting in (
        "timezone TO 'Asia/Tokyo'",
        "datestyle TO 'SQL, DMY'",
        "extra_float_digits TO 0",
    ):
        application.query(f"ALTER DATABASE {application.name} SET {setting}")
    with read_only_transaction(PostgresCredentials(application.url)) as cursor:
        yield cursor


def value(cursor: psycopg2.extensions.cursor, sql: str) -> object:
    cursor.execute(sql)
    ((found,),) = cursor.fetchall()
    return found


@pytest.mark.parametrize(
    "sql, text",
    [
        (
            "SELECT '2026-03-02 12:00:00+00'::timestamptz::text",
            "2026-03-02 12:00:00+00",
        ),
        ("SELECT '2026-03-02'::date::text", "2026-03-02"),
        ("SELECT (0.1::float8 + 0.2)::text", "0.30000000000000004"),
        ("SELECT current_setting('client_encoding')", "UTF8"),
        ("SELECT current_setting('transaction_read_only')", "on"),
        ("SELECT current_setting('transaction_isolation')", "repeatable read"),
        ("SELECT current_setting('application_name')", "dlt"),
    ],
)
def test_the_databases_own_settings_do_not_count(transaction, sql, text):
    assert value(transaction, sql) == text


def test_it_cannot_write(transaction):
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        transaction.execute("CREATE TABLE pets (id int)")


def test_it_sees_the_same_moment_until_it_ends(application, transaction):
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'pets'"
    assert value(transaction, tables) == 0
    application.query("CREATE TABLE pets (id int)")
    assert value(transaction, tables) == 0


@pytest.mark.parametrize(
    "options, timeout", [("", "1min"), ("&options=-c%20lock_timeout%3D5s", "5s")]
)
def test_a_lock_is_not_waited_for_for_ever(application, options, timeout):
    credentials = PostgresCredentials(application.url + options)
    with read_only_transaction(credentials) as cursor:
        assert value(cursor, "SELECT current_setting('lock_timeout')") == timeout


def test_a_silent_connection_asks_twice_a_minute(application):
    """Else a NAT gateway that drops it in silence is noticed after two hours."""
    with over_tcp(application) as url:
        with read_only_transaction(PostgresCredentials(url)) as cursor:
            assert_asks_twice_a_minute(cursor.connection.fileno())


def test_a_server_that_does_not_answer_is_given_up(application, monkeypatch):
    monkeypatch.setattr("sources.postgres.connection.CONNECT_TIMEOUT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        credentials = PostgresCredentials(f"postgresql://me:s3cret@{host}:{port}/shop")
        started = time.monotonic()
        with pytest.raises(psycopg2.OperationalError, match="timeout expired"):
            with read_only_transaction(credentials):
                pass
    assert time.monotonic() - started < 8


def test_the_connection_is_closed_at_the_end(application):
    with read_only_transaction(PostgresCredentials(application.url)) as cursor:
        connection = cursor.connection
    assert connection.closed
