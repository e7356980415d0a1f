"""What is tried again: connections, overload, locks; nothing that stays as it is."""

from __future__ import annotations

from contextlib import closing
from io import BytesIO

import boto3
import psycopg2
import pytest
import requests
from botocore.config import Config

from tests.fakes.aws import REGION
from tests.fakes.http_server import Answer, api
from tests.servers.postgres import over_tcp
from utils.errors import ClearError
from utils.errors.transient import is_worth_retrying, with_causes


def raised_by(function, *args, **kwargs) -> Exception:
    with pytest.raises(Exception) as error:
        function(*args, **kwargs)
    return error.value


def fetch(url: str) -> None:
    requests.get(url, timeout=2).raise_for_status()


@pytest.mark.parametrize(
    "status, retried",
    [(429, True), (500, True), (503, True), (400, False), (401, False), (404, False)],
)
def test_http(status, retried):
    with api(Answer(b"", status)) as server:
        assert is_worth_retrying(raised_by(fetch, server.url)) is retried


def test_an_http_server_that_is_not_there():
    assert is_worth_retrying(raised_by(fetch, "http://127.0.0.1:1"))


def ask_aws(url: str) -> None:
    once = Config(retries={"max_attempts": 0})
    settings = {"endpoint_url": url, "region_name": REGION, "config": once}
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    boto3.client("s3", **settings, **keys).list_buckets()


@pytest.mark.parametrize("status, retried", [(503, True), (500, True), (403, False)])
def test_aws(status, retried):
    with api(Answer(b"", status)) as server:
        assert is_worth_retrying(raised_by(ask_aws, server.url)) is retried


def test_aws_out_of_reach():
    assert is_worth_retrying(raised_by(ask_aws, "http://127.0.0.1:1"))


def test_a_malformed_url_is_not():
    assert not is_worth_retrying(raised_by(fetch, "http:/nowhere"))


def test_a_database_that_is_not_there():
    assert is_worth_retrying(raised_by(psycopg2.connect, "host=127.0.0.1 port=1"))


def test_a_database_that_refuses_is_not(postgres):
    url = postgres.url.replace("/postgres?", "/missing?")
    assert not is_worth_retrying(raised_by(psycopg2.connect, url))


@pytest.mark.parametrize(
    "statement, retried",
    [
        ("SELECT pg_terminate_backend(pg_backend_pid())", True),
        ("SET lock_timeout = '10ms'; SELECT * FROM pets", True),
        ("SELECT * FROM missing", False),
        ("SELECT 1 / 0", False),
    ],
)
def test_what_postgresql_answers(application, statement, retried):
    application.query("CREATE TABLE pets (name text)")
    with closing(psycopg2.connect(application.url)) as other:
        other.cursor().execute("LOCK TABLE pets")
        assert is_worth_retrying(raised_by(application.query, statement)) is retried


@pytest.mark.parametrize(
    "sqlstate, message, retried",
    [
        ("57014", "Query cancelled.", True),
        ("57014", "Query (15291261) cancelled on user's request", False),
        ("57014", "Query cancelled on user's request", False),
        ("57014", "Query (7) cancelled by WLM abort action of Query Monitoring", False),
        ("57014", "canceling statement due to user request", False),
        ("57014", "canceling statement due to statement timeout", False),
        ("40001", "canceling statement due to conflict with recovery", True),
        ("42501", "Query cancelled.", False),
    ],
)
def test_a_cancelled_query(postgres, sqlstate, message, retried):
    statement = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = %s, MESSAGE = %s; END $$"
    error = raised_by(postgres.query, statement, sqlstate, message)
    assert (error.pgcode, is_worth_retrying(error)) == (sqlstate, retried)


def test_a_query_that_postgresql_itself_has_cancelled_is_not(postgres):
    statement = "SET statement_timeout = 10; SELECT pg_sleep(10)"
    error = raised_by(postgres.query, statement)
    assert (error.pgcode, is_worth_retrying(error)) == ("57014", False)


@pytest.mark.parametrize("error", [psycopg2.DatabaseError, psycopg2.OperationalError])
@pytest.mark.parametrize(
    "message",
    [
        "error with status PGRES_COPY_OUT and no message from the libpq",
        "error with status PGRES_COPY_IN and no message from the libpq",
        "server closed the connection unexpectedly\n\tThis probably means",
        "SSL connection has been closed unexpectedly\n",
        "SSL SYSCALL error: EOF detected\n",
        "could not receive data from server: Connection timed out\n",
    ],
)
def test_a_connection_that_broke(error, message):
    assert is_worth_retrying(error(message))


def test_a_connection_that_broke_before(application):
    with closing(psycopg2.connect(application.url)) as connection:
        cursor = connection.cursor()
        backend = connection.get_backend_pid()
        application.query("SELECT pg_terminate_backend(%s)", backend)
        assert is_worth_retrying(raised_by(cursor.execute, "SELECT 1"))
        assert is_worth_retrying(raised_by(cursor.execute, "SELECT 1"))
        assert is_worth_retrying(raised_by(connection.commit))


def test_a_broken_copy(application):
    with over_tcp(application, cut_after=100_000) as url:
        with closing(psycopg2.connect(url)) as connection:
            copy = "COPY (SELECT generate_series(1, 1000000)) TO STDOUT"
            error = raised_by(connection.cursor().copy_expert, copy, BytesIO())
    assert is_worth_retrying(error)


def test_a_misused_driver_is_not():
    assert not is_worth_retrying(psycopg2.InterfaceError("only protocol 3 supported"))
    assert not is_worth_retrying(psycopg2.DatabaseError("unsupported type"))


def test_a_cause_counts():
    try:
        raise ClearError("The shop cannot be reached") from ConnectionResetError()
    except ClearError as error:
        assert is_worth_retrying(error)
    assert not is_worth_retrying(ClearError("A value does not fit"))


def test_a_ring_of_causes_through_the_driver_has_an_end():
    error, driver = ValueError("dlt's"), KeyError("the driver's")
    error.dbapi_exception, driver.__cause__ = driver, error
    assert list(with_causes(error)) == [error, driver]
