"""A query's rows as Arrow, read from PostgreSQL, which speaks for Redshift's queries."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from sources.postgres.copy_to_arrow import ValueDoesNotFit
from sources.redshift.rows import FIRST_ROWS, QueryFailed, query_rows

pytestmark = pytest.mark.usefixtures("redshift")

MOMENT = datetime(2026, 12, 31, 23, 59, 59, 123456)


def rows_of(query) -> pa.Table:
    return pa.Table.from_batches(query_rows(query))


@pytest.mark.parametrize(
    "expression, arrow_type, value",
    [
        ("7::int2", pa.int16(), 7),
        ("7", pa.int32(), 7),
        ("7::int8", pa.int64(), 7),
        ("7::oid", pa.int64(), 7),
        ("0.1::float4", pa.float32(), pytest.approx(0.1)),
        ("0.1::float8 + 0.2", pa.float64(), 0.1 + 0.2),
        ("'NaN'::float8", pa.float64(), pytest.approx(float("nan"), nan_ok=True)),
        ("9.90::numeric(18, 2)", pa.decimal128(18, 2), Decimal("9.90")),
        ("sum(0.01)", pa.decimal128(38, 18), Decimal("0.01")),
        ("1e39::numeric(40, 0)", pa.string(), "1" + "0" * 39),
        ("true", pa.bool_(), True),
        ("false", pa.bool_(), False),
        ("date '2026-12-31'", pa.date32(), date(2026, 12, 31)),
        ("timestamp '2026-12-31 23:59:59.123456'", pa.timestamp("us"), MOMENT),
        (
            "timestamptz '2027-01-01 00:59:59.123456+01'",
            pa.timestamp("us", "UTC"),
            MOMENT.replace(tzinfo=timezone.utc),
        ),
        (
            "timestamp '2026-12-31 23:59:59.123456'::timestamptz",
            pa.timestamp("us", "UTC"),
            MOMENT.replace(tzinfo=timezone.utc),
        ),
        ("time '23:59:59'", pa.string(), "23:59:59"),
        ("interval '1 day'", pa.string(), "1 day"),
        ("'cat '::char(5)", pa.string(), "cat  "),
        ("'Kätzchen 🐈'::varchar(20)", pa.string(), "Kätzchen 🐈"),
        ("''::text", pa.string(), ""),
        # psycopg2 would make Python objects of them. Redshift's SUPER arrives as text.
        ("'{\"a\": [1, null]}'::json", pa.string(), '{"a": [1, null]}'),
        ("ARRAY[1, 2]", pa.string(), "{1,2}"),
        ("'\\x6361'::bytea", pa.string(), "\\x6361"),
    ],
)
def test_types(queries, expression, arrow_type, value):
    query = queries.read(f"SELECT {expression} AS some, NULL::text AS none")
    table = rows_of(query)
    assert table.schema.field("some").type == arrow_type
    assert table.to_pylist() == [{"some": value, "none": None}]


def test_a_type_does_not_depend_on_the_rows(queries):
    """Check a first batch of NULL alone, and a result without rows."""
    sql = """
        SELECT nullif(greatest(i, 5000), 5000)::numeric(9, 1) AS weight, i = 1 AS is_first
        FROM generate_series(1, 6000) AS i
    """
    schema = pa.schema([("weight", pa.decimal128(9, 1)), ("is_first", pa.bool_())])
    batches = list(query_rows(queries.read(sql)))
    assert len(batches) > 2
    assert batches[0]["weight"].null_count == batches[0].num_rows
    assert {batch.schema for batch in batches} == {schema}
    assert pa.Table.from_batches(batches)["weight"].null_count == 5000

    (empty,) = query_rows(queries.read(f"SELECT * FROM ({sql}) AS pets WHERE false"))
    assert (empty.num_rows, empty.schema) == (0, schema)


def test_parameters_are_values_and_never_sql(queries):
    evil = "'; DROP TABLE cats; -- \" \\ %s"
    query = queries.read(
        "SELECT %(text)s AS a, %(int)s AS b, %(float)s AS c, %(yes)s AS d, %(none)s AS e",
        **{"text": evil, "int": 7, "float": 0.5, "yes": True, "none": None},
    )
    (row,) = rows_of(query).to_pylist()
    assert row == {"a": evil, "b": 7, "c": Decimal("0.5"), "d": True, "e": None}


def test_short_rows_come_a_thousand_at_a_time_and_no_more(queries):
    query = queries.read("SELECT i FROM generate_series(1, 2500) AS i")
    assert [b.num_rows for b in query_rows(query)] == [10, 1000, 1000, 490]


def test_long_rows_come_a_few_at_a_time(queries):
    megabyte = 2**20
    query = queries.read(
        f"SELECT repeat('x', {megabyte}) AS long FROM generate_series(1, 30)"
    )
    batches = list(query_rows(query))
    assert sum(batch.num_rows for batch in batches) == 30
    most = FIRST_ROWS * megabyte + 100
    assert max(batch.nbytes for batch in batches) < most


@pytest.mark.parametrize(
    "sql, message",
    [
        ("SELECT 1\nFROM\n  dogs", r'pets/cats.sql, line 3: relation "dogs" does not'),
        (
            "-- Cats\n\nSELEC 1",
            'pets/cats.sql, line 3: syntax error at or near "SELEC"',
        ),
        ("SELECT 1 FROM", "pets/cats.sql, line 1: syntax error at end of input"),
        ("SELECT 1 / 0", "pets/cats.sql: division by zero"),
        ("SELECT 'x'::int", 'line 1: invalid input syntax for type integer: "x"'),
        ("", "pets/cats.sql: can't execute an empty query"),
        ("SELECT 1 AS a, 2 AS a", "several columns called a. Give each a name"),
        ("SELECT 1; SELECT 2", "pets/cats.sql has more than one statement"),
        ("SELECT 1; COMMIT; SELECT 2", "pets/cats.sql has more than one statement"),
        # Redshift ends the text elsewhere than PostgreSQL.
        ("SELECT 'a\\' AS a; COMMIT --'", "pets/cats.sql has more than one statement"),
        ("CREATE TABLE t (i int)", 'syntax error at or near "CREATE"'),
    ],
)
def test_a_wrong_query_is_told_where_it_stands(queries, sql, message):
    with pytest.raises(QueryFailed, match=message):
        rows_of(queries.read(sql))


@pytest.mark.parametrize("end", ["", ";", ";\n\n-- the end\n"])
def test_a_statement_may_be_ended(queries, end):
    assert rows_of(queries.read(f"SELECT 1 AS a{end}")).to_pylist() == [{"a": 1}]


@pytest.mark.parametrize(
    "expression, message",
    [
        ("0.1234567890123456789", "column some has a value that decimal128"),
        ("'NaN'::numeric(5, 2)", "'NaN' is not a valid decimal128 number"),
        ("timestamp '20000-01-01'", "column some has a value that timestamp"),
        ("date 'infinity'", "column some has a value that date32"),
    ],
)
def test_a_value_that_does_not_fit(queries, expression, message):
    query = queries.read(f"SELECT {expression} AS some")
    with pytest.raises(ValueDoesNotFit, match=f"pets/cats.sql: .*{message}"):
        rows_of(query)
