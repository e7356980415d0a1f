"""A snapshot of a real PostgreSQL: its moment, its types, its keys, its errors."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pyarrow as pa
import pytest
from psycopg2.sql import SQL

from sources.database_credentials import PostgresCredentials
from sources.postgres.snapshot import (
    DatabaseError,
    Snapshot,
    UnexpectedTable,
    postgres_snapshot,
)
from tests.servers.postgres import Database, over_tcp


@pytest.fixture
def credentials(application) -> PostgresCredentials:
    return PostgresCredentials(application.url)


def test_all_queries_see_the_same_moment(application, credentials):
    application.query("CREATE TABLE pets (name text)")
    application.query("INSERT INTO pets VALUES ('Rex')")
    schema = pa.schema({"name": pa.string()})
    with postgres_snapshot(credentials) as database:
        moment = database.moment
        application.query("INSERT INTO pets VALUES ('Tom')")
        tables = list(database.rows(SQL("SELECT name FROM pets"), schema, "pets"))
        assert database.moment == moment
    assert [table.to_pylist() for table in tables] == [[{"name": "Rex"}]]


def test_columns_have_types_that_hold_their_values(application, credentials):
    application.query("""
        CREATE TABLE pets (
            a smallint, b integer, c bigint, d real, e double precision, f boolean,
            g numeric(10, 2), h numeric, i numeric(50, 2), j date, k timestamp,
            l timestamptz, m char(1), n varchar(9), o uuid, p jsonb, q text[]
        )
        """)
    with postgres_snapshot(credentials) as database:
        types = {
            field.name: field.type for field in database.arrow_schema("public", "pets")
        }
    assert types == {
        **dict.fromkeys("abc", pa.int64()),
        **dict.fromkeys("de", pa.float64()),
        "f": pa.bool_(),
        "g": pa.decimal128(10, 2),
        "h": pa.decimal128(38, 18),
        "i": pa.string(),
        "j": pa.date32(),
        "k": pa.timestamp("us"),
        "l": pa.timestamp("us", "UTC"),
        **dict.fromkeys("mnopq", pa.string()),
    }


@pytest.mark.parametrize(
    "definition, unique",
    [
        ("PRIMARY KEY (id)", True),
        ("UNIQUE (id)", True),
        ("UNIQUE (id, name)", False),
        ("CHECK (id > 0)", False),
    ],
)
def test_it_knows_what_is_unique(application, credentials, definition, unique):
    application.query(f"CREATE TABLE pets (id int, name text, {definition})")
    application.query("CREATE UNIQUE INDEX ON pets (name) WHERE id > 5")
    with postgres_snapshot(credentials) as database:
        assert database.is_unique("public", "pets", "id") is unique
        assert database.is_unique("public", "pets", "name") is False


def test_a_table_that_is_not_there_is_named(credentials):
    with postgres_snapshot(credentials) as database:
        with pytest.raises(UnexpectedTable, match="no table public.pets"):
            database.arrow_schema("public", "pets")


def test_it_cannot_write(application, credentials):
    application.query("CREATE SEQUENCE numbers")
    schema = pa.schema({"number": pa.int64()})
    with pytest.raises(DatabaseError, match="in a read-only transaction"):
        with postgres_snapshot(credentials) as database:
            list(database.rows(SQL("SELECT nextval('numbers')"), schema, "numbers"))


def test_texts_arrive_whatever_the_encoding_of_the_database(postgres):
    postgres.query(
        "CREATE DATABASE latin1 ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'"
    )
    latin1 = Database(postgres.socket_folder, "latin1")
    schema = pa.schema({"text": pa.string()})
    with postgres_snapshot(PostgresCredentials(latin1.url)) as database:
        query = SQL("SELECT 'Caf' || chr(233) || ' ' || chr(195) || chr(169)")
        (table,) = database.rows(query, schema, "a text")
    assert table.to_pylist() == [{"text": "Café Ã©"}]


def test_a_key_of_a_parent_says_nothing_of_its_children(application, credentials):
    application.query("CREATE TABLE pets (id int PRIMARY KEY)")
    application.query("CREATE TABLE cats () INHERITS (pets)")
    with postgres_snapshot(credentials) as database:
        assert not database.is_unique("public", "pets", "id")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2"])
def test_an_unreachable_server_is_named_without_the_password(scheme):
    credentials = PostgresCredentials(f"{scheme}://reader:s3cret@127.0.0.1:1/shop")
    with pytest.raises(DatabaseError) as error:
        with postgres_snapshot(credentials):
            pass
    assert "127.0.0.1:1: connection to server" in str(error.value)
    assert "Connection refused" in str(error.value)
    assert "s3cret" not in str(error.value)


def test_an_index_that_could_not_be_built_says_nothing(application, credentials):
    application.query("CREATE TABLE pets (id int)")
    application.query("INSERT INTO pets VALUES (1), (1)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        application.query("CREATE UNIQUE INDEX CONCURRENTLY ON pets (id)")
    with postgres_snapshot(credentials) as database:
        assert not database.is_unique("public", "pets", "id")


def test_a_locked_table_is_named(application):
    application.query("CREATE TABLE pets (name text)")
    options = "&options=-c%20lock_timeout%3D100ms"
    credentials = PostgresCredentials(application.url + options)
    with closing(psycopg2.connect(application.url)) as other:
        other.cursor().execute("LOCK TABLE pets")
        with pytest.raises(DatabaseError, match="Another session locks pets"):
            with postgres_snapshot(credentials) as database:
                read_names(database)


def test_a_lost_connection_is_told_with_what_was_read(application):
    application.query("CREATE TABLE pets (name text)")
    application.query(
        "INSERT INTO pets SELECT repeat('x', 100) FROM generate_series(1, 50000)"
    )
    with over_tcp(application, cut_after=200_000) as url:
        with pytest.raises(DatabaseError, match="lost while pets was read"):
            with postgres_snapshot(PostgresCredentials(url)) as database:
                read_names(database)


def read_names(database: Snapshot) -> None:
    schema = pa.schema({"name": pa.string()})
    list(database.rows(SQL("SELECT name FROM pets"), schema, "pets"))
