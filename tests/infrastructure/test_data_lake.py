"""The lake's three sides, which have to agree: the writer, the bucket's notification, Snowpipe.

Nothing of this ran on Snowflake. The SQL is parsed, and read for what it says.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import exp

from pipelines.open_exchange_rates import load_open_exchange_rates
from tests.fakes.http_server import serving
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates
from tests.infrastructure.templates import TEMPLATES, properties, read, rights
from tests.repository.tree import ROOT

TEMPLATE = TEMPLATES["data-platform-lake"]
SCRIPTS = sorted((ROOT / "infrastructure" / "snowflake").glob("*.sql"))
# Snowflake's names for what the files hold
TYPES = {
    pa.date32(): "DATE",
    pa.string(): "VARCHAR",
    pa.timestamp("us", "UTC"): "TIMESTAMP_LTZ",
    pa.decimal128(38, 18): "NUMBER(38, 18)",
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return read(TEMPLATE)


@pytest.fixture
def written(warehouse, monkeypatch) -> list[Path]:
    """Files of rates as production writes them, relative to the bucket."""
    monkeypatch.setenv("DATASET_NAME_LAYOUT", "%s")
    monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__APP_ID", APP_ID)
    with serving(OpenExchangeRates().respond) as server:
        monkeypatch.setenv("SOURCES__OPEN_EXCHANGE_RATES__API_URL", server.url)
        load_open_exchange_rates()
        load_open_exchange_rates(date(2026, 3, 1), date(2026, 3, 2))
    monkeypatch.chdir(warehouse.parent / "lake")
    files = [path for path in Path().rglob("*") if "rates" in path.parent.name]
    return [path for path in files if path.parent.name != "open_exchange_rates"]


def notified(template: dict[str, Any]) -> dict[str, str]:
    """Return prefix and suffix of the files that Snowpipe loads, with the defaults."""
    bucket = template["Resources"]["Bucket"]["Properties"]
    configured = bucket["NotificationConfiguration"]["If"][1]["QueueConfigurations"]
    rules = configured[0]["Filter"]["S3Key"]["Rules"]
    found = {rule["Name"]: rule["Value"] for rule in rules}
    name = found["prefix"]["Ref"]
    return found | {"prefix": template["Parameters"][name]["Default"]}


def script(name: str, template: dict[str, Any]) -> str:
    """Return a script with the variables from the stack's outputs."""
    variables = {
        "bucket": "a-bucket",
        "rates_prefix": template["Parameters"][
            template["Outputs"]["RatesPrefix"]["Value"]["Ref"]
        ]["Default"],
        "role_arn": "arn:aws:iam::123456789012:role/snowflake",
        "public_key": "MIIB",
    }
    text = (ROOT / "infrastructure" / "snowflake" / name).read_text()
    return re.sub(r"<% (\w+) %>", lambda match: variables[match[1]], text)


def test_snowpipe_is_told_of_every_file_and_takes_it(written, template):
    told = notified(template)
    sql = script("3_rates.sql", template)
    (stage,) = re.findall(r"URL = 's3://a-bucket/(.*?)'", sql)
    (pattern,) = re.findall(r"PATTERN = '(.*?)'", sql)

    assert len(written) == 2
    for file in written:
        assert str(file).startswith(told["prefix"])
        assert str(file).startswith(stage)
        assert str(file).endswith(told["suffix"])
        assert re.fullmatch(pattern, str(file))


def test_snowpipe_reads_the_columns_that_are_written(written, template):
    sql = script("3_rates.sql", template)
    (table,) = re.findall(r"CREATE TABLE .*? RATES \(\n(.*?)\n\);", sql, re.DOTALL)
    columns = re.findall(r"^ +(\w+) (.+?) NOT NULL", table, re.MULTILINE)
    read = re.findall(r"\$1:(\w+)::(.+?),\n", sql)
    for file in written:
        fields = {field.name: TYPES[field.type] for field in pq.read_schema(file)}
        assert dict(read) == fields
        assert [(name.lower(), type_) for name, type_ in columns[:-2]] == read
    assert [name for name, _ in columns[-2:]] == ["FILE", "COPIED_AT"]


@pytest.mark.parametrize("name", [path.name for path in SCRIPTS])
def test_the_sql_is_snowflakes(name, template):
    statements = sqlglot.parse(script(name, template), dialect="snowflake")
    assert len([each for each in statements if each]) >= 3


def test_the_view_shows_each_rate_once(template):
    """Run by DuckDB, which knows QUALIFY: IFF is spelt otherwise there."""
    import duckdb

    statements = sqlglot.parse(script("3_rates.sql", template), dialect="snowflake")
    (view,) = [
        each
        for each in statements
        if isinstance(each, exp.Create) and each.kind == "VIEW"
    ]
    query = view.expression.sql(dialect="duckdb")
    with duckdb.connect() as database:
        database.execute(
            "CREATE TABLE RATES AS FROM (VALUES"
            " ('2026-03-01', 'latest', 9, 'USD', 'EUR', 0.85, 1),"
            " ('2026-03-01', 'closing', 23, 'USD', 'EUR', 0.86, 2),"
            " ('2026-03-01', 'closing', 23, 'USD', 'EUR', 0.86, 3),"
            " ('2026-03-02', 'latest', 9, 'USD', 'EUR', 0.87, 4),"
            " ('2026-03-02', 'latest', 10, 'USD', 'EUR', 0.88, 5)"
            ") AS t(date, kind, published_at, base, currency, rate, copied_at)"
        )
        found = database.execute(f"SELECT date, rate FROM ({query}) ORDER BY date")
        assert [(day, float(rate)) for day, rate in found.fetchall()] == [
            ("2026-03-01", 0.86),
            ("2026-03-02", 0.88),
        ]


def test_only_snowflakes_user_with_its_id_reads_the_lake_from_outside():
    trust = properties(TEMPLATE, "SnowflakeRole")["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    known = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Ref": "SnowflakeUserArn"}},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"sts:ExternalId": {"Ref": "SnowflakeExternalId"}}
        },
    }
    unknown = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
    }
    assert statement == {"If": ["SnowflakeIsKnown", known, unknown]}
    assert list(rights(TEMPLATE, "SnowflakeRole")) == [
        ("s3:GetObject", "${Bucket.Arn}/*", None),
        ("s3:GetObjectVersion", "${Bucket.Arn}/*", None),
        ("s3:ListBucket", "${Bucket.Arn}", None),
        ("s3:GetBucketLocation", "${Bucket.Arn}", None),
    ]


def test_nobody_reaches_the_lake_unencrypted():
    (statement,) = properties(TEMPLATE, "BucketPolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Action"] == "s3:*"
    assert statement["Resource"] == [
        {"GetAtt": "Bucket.Arn"},
        {"Sub": "${Bucket.Arn}/*"},
    ]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_every_variable_is_an_output_or_explained(template):
    text = "".join(path.read_text() for path in SCRIPTS)
    for variable in set(re.findall(r"<% (\w+) %>", text)):
        assert f'-D "{variable}=' in text
