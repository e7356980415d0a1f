"""Connections to Redshift."""

from __future__ import annotations

import socket
import sys
import time
from urllib.parse import urlsplit

import psycopg2
import pytest
from dlt.common.configuration.exceptions import ConfigFieldMissingException

from sources.redshift.connection import (
    redshift_connection,
    redshift_credentials,
)
from sources.redshift.rows import QueryFailed, query_rows
from tests.servers.ports import free_port
from tests.servers.postgres import assert_asks_twice_a_minute, over_tcp
from utils.errors.transient import is_worth_retrying


def set_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let the credentials lead to the host and port of a URL."""
    parts = urlsplit(url)
    for part, value in (("HOST", parts.hostname), ("PORT", str(parts.port))):
        monkeypatch.setenv(f"SOURCES__REDSHIFT_EXPORT__CREDENTIALS__{part}", value)


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.test"])
def test_a_redshift_that_is_away(queries, monkeypatch, host):
    port = free_port()
    address = f"redshift://reader:s3cret@{host}:{port}/analytics"
    monkeypatch.setenv("SOURCES__REDSHIFT_EXPORT__CREDENTIALS", address)
    with pytest.raises(QueryFailed, match=f"cats.sql: .*{host}") as raised:
        next(query_rows(queries.read("SELECT 1 AS a")))
    assert is_worth_retrying(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_connection_that_breaks_is_worth_a_retry(queries, redshift):
    query = queries.read("SELECT i FROM generate_series(1, 100000) AS i")
    batches = query_rows(query)
    next(batches)
    redshift.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = %s AND pid <> pg_backend_pid()",
        redshift.name,
    )
    with pytest.raises(QueryFailed, match="connection") as raised:
        list(batches)
    assert is_worth_retrying(raised.value)


def test_a_lost_connection_is_told_in_plain_words(
    queries, redshift, redshift_database, monkeypatch
):
    query = queries.read("SELECT i FROM generate_series(1, 1000000) AS i")
    with over_tcp(redshift_database, cut_after=200_000) as url:
        set_address(monkeypatch, url)
        with pytest.raises(QueryFailed) as raised:
            list(query_rows(query))
    lost = "cats.sql: the connection was lost while its result was read"
    assert lost in str(raised.value)
    assert is_worth_retrying(raised.value)


def test_a_wrong_query_is_not(queries, redshift):
    with pytest.raises(QueryFailed) as raised:
        next(query_rows(queries.read("SELEC 1")))
    assert not is_worth_retrying(raised.value)


def test_no_connection_stays_behind(queries, redshift):
    reading = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    )
    batches = query_rows(queries.read("SELECT i FROM generate_series(1, 9999) AS i"))
    next(batches)
    assert redshift.query(reading) == [(1,)]
    batches.close()
    deadline = time.monotonic() + 10
    while redshift.query(reading) != [(0,)]:
        assert time.monotonic() < deadline


def test_parsons_says_nothing_past_the_log(queries, redshift, capfd, recwarn):
    for module in [name for name in sys.modules if name.partition(".")[0] == "parsons"]:
        del sys.modules[module]
    next(query_rows(queries.read("SELECT 1 AS a")))
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_a_silent_connection_asks_twice_a_minute(
    redshift, redshift_database, monkeypatch
):
    """A NAT gateway that drops it in silence would be noticed after two hours."""
    with over_tcp(redshift_database) as url:
        set_address(monkeypatch, url)
        with redshift_connection() as connection:
            assert_asks_twice_a_minute(connection.fileno())


def test_a_server_that_does_not_answer_is_given_up(redshift, monkeypatch):
    monkeypatch.setattr("sources.redshift.connection.CONNECT_TIMEOUT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        set_address(monkeypatch, "any://%s:%s" % silent.getsockname())
        started = time.monotonic()
        with pytest.raises(psycopg2.OperationalError, match="timeout expired"):
            with redshift_connection():
                pass
    assert time.monotonic() - started < 8


def test_credentials_that_are_missing_are_named(monkeypatch):
    with pytest.raises(ConfigFieldMissingException) as raised:
        redshift_credentials()
    wanted = "SOURCES__REDSHIFT_EXPORT__CREDENTIALS__PASSWORD"
    assert wanted in str(raised.value)


def test_the_session_is_read_only(redshift):
    with redshift_connection() as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("CREATE TABLE cats (id int)")


def test_a_query_that_calls_a_function_which_writes_is_refused(queries, redshift):
    """Call it in a SELECT, which only the session's setting refuses."""
    redshift.query("CREATE SEQUENCE IF NOT EXISTS chips")
    with pytest.raises(QueryFailed, match=r"cats.sql: .*in a read-only transaction"):
        next(query_rows(queries.read("SELECT nextval('chips') AS chip")))
    assert redshift.query("SELECT is_called FROM chips") == [(False,)]
