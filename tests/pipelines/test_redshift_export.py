"""Queries exported into a lake, a local folder and S3, from PostgreSQL that speaks for Redshift."""

from __future__ import annotations

import io
import logging
import os
import time

import pyarrow.parquet as pq
import pytest
from dlt.common.configuration.exceptions import ConfigFieldMissingException

from pipelines.redshift_export import export_query, file_name, prepare_export
from sources.redshift.rows import QueryFailed
from sources.redshift.sql_files import QueriesError, Query
from tests.killing.forked import processes
from tests.servers.duckdb_warehouse import query_files
from utils.export.lake_files import LakeError

NAME = "dev_exports/pets/cats/cats"
# Without end, in rows of which some hundred fill a part of an upload.
ENDLESS = """
SELECT i AS id, (SELECT string_agg(md5((i * n)::text), '') FROM generate_series(1, 2000) n)
FROM generate_series(1, 1000000) AS i
"""


def numbers(rows: int, value: str = "i") -> str:
    return f"SELECT i AS id, {value} AS value FROM generate_series(1, {rows}) AS i"


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_a_query_becomes_a_file(redshift, queries, any_lake, file_format):
    exported = export_query(queries.read(numbers(3, "i % 2 = 0")), file_format)

    ((name, content),) = any_lake.files().items()
    assert name == f"{NAME}.{file_format}"
    assert exported.address == f"{any_lake.address}/{name}"
    assert (exported.query, exported.rows) == ("pets/cats", 3)
    assert exported.bytes == len(content)
    if file_format == "csv":
        assert content.decode() == '"id","value"\n1,false\n2,true\n3,false\n'
    else:
        table = pq.read_table(io.BytesIO(content))
        assert table.to_pydict() == {"id": [1, 2, 3], "value": [False, True, False]}


def test_the_next_export_replaces_the_file(redshift, queries, any_lake):
    export_query(queries.read(numbers(300_000)), "csv")
    before = any_lake.files()[f"{NAME}.csv"]
    assert before.count(b"\n") == 300_001
    export_query(queries.read(numbers(2)), "csv")
    assert any_lake.files() == {f"{NAME}.csv": b'"id","value"\n1,1\n2,2\n'}


@pytest.mark.parametrize(
    "fails", ["SELEC 1", numbers(200_000, "1 / (150000 - i)"), "SELECT 1 AS a, 2 AS a"]
)
def test_a_query_that_fails_leaves_the_file_of_before(
    redshift, queries, any_lake, fails
):
    export_query(queries.read(numbers(2)), "parquet")
    before = any_lake.files()
    with pytest.raises(QueryFailed):
        export_query(queries.read(fails), "parquet")
    assert any_lake.files() == before
    assert any_lake.unfinished() == []


def test_a_long_export_says_how_far_it_is(
    redshift, queries, local_lake, monkeypatch, caplog
):
    monkeypatch.setattr("pipelines.redshift_export.SECONDS_BETWEEN_LINES", 0)
    caplog.set_level(logging.INFO, "pipelines")
    export_query(queries.read(numbers(1_500)), "csv")
    assert [line.partition(" into")[0] for line in caplog.messages] == [
        "pets/cats: 10 rows so far",
        "pets/cats: 1,010 rows so far",
        "pets/cats: 1,500 rows so far",
        "pets/cats: 1,500 rows",
    ]


def test_a_lake_that_cannot_be_written(redshift, queries, aws, monkeypatch):
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", "s3://no-such-bucket")
    with pytest.raises(
        LakeError, match="no-such-bucket/dev_exports/pets/cats/cats.csv"
    ):
        export_query(queries.read(numbers(2)), "csv")


def test_parameters_become_folders():
    values = {"b": "a/b c=%", "a": 7, "c": None, "d": True, "e": ".."}
    query = Query("pets/cats", sql="", parameters=values)
    assert file_name(query, "csv") == (
        "pets/cats/a=7/b=a%2Fb%20c%3D%25/c=__HIVE_DEFAULT_PARTITION__/d=True/e=../cats.csv"
    )


def test_readers_of_partitioned_data_see_the_parameters(redshift, queries, local_lake):
    sql = "SELECT %(kind)s AS name"
    for kind in ("a cat", "a/dog", None):
        export_query(queries.read(sql, kind=kind), "parquet")
    files = f"{local_lake.address}/dev_exports/pets/cats/**/*.parquet"
    found = query_files(f"SELECT name, kind FROM '{files}' ORDER BY name")
    assert found == [("a cat", "a cat"), ("a/dog", "a/dog"), (None, None)]


def export_for_ever(settings: dict[str, str]) -> None:
    os.environ.update(settings)
    export_query(Query("pets/cats", ENDLESS, {}), "csv")


def test_a_killed_export_is_not_seen_and_the_next_one_is(redshift, queries, any_lake):
    export_query(queries.read(numbers(1)), "csv")
    before = any_lake.files()
    run = processes.Process(target=export_for_ever, args=(dict(os.environ),))
    run.start()
    try:
        while not any_lake.unfinished():
            assert run.is_alive()
            assert any_lake.files() == before
            time.sleep(0.05)
    finally:
        run.kill()
        run.join()
    assert any_lake.files() == before

    export_query(queries.read(numbers(2)), "csv")

    assert any_lake.files() == {f"{NAME}.csv": b'"id","value"\n1,1\n2,2\n'}


def test_all_is_looked_at_before_a_query_runs(queries, monkeypatch):
    queries.add("cats", "SELECT %(since)s")
    with pytest.raises(QueriesError):
        prepare_export("pets", {})
    with pytest.raises(ConfigFieldMissingException, match="CREDENTIALS__PASSWORD"):
        prepare_export("pets", {"since": "2026-12-31"})


def test_the_repositorys_own_queries(redshift, local_lake):
    """Run them on views with the columns that Redshift documents."""
    redshift.query("""
        CREATE OR REPLACE VIEW svv_table_info AS SELECT 1::oid AS table_id,
            'shop'::text AS "schema", 'pets'::text AS "table", 7::numeric(38, 0) AS tbl_rows,
            2::bigint AS size, 0.5::numeric(5, 2) AS unsorted, 0::numeric(5, 2) AS stats_off;
        CREATE OR REPLACE VIEW sys_query_history AS SELECT 1::int AS user_id,
            2::bigint AS query_id, 'SELECT'::char(32) AS query_type,
            'success'::char(10) AS status, timestamp '2026-12-31' AS start_time,
            1500000::bigint AS elapsed_time, 7::bigint AS returned_rows,
            'SELECT 1'::char(4000) AS query_text
        """)
    parameters = {"since": "2026-12-30"}
    for folder, given in (("inventory", {}), ("usage", parameters)):
        for query in prepare_export(folder, given):
            assert export_query(query, "parquet").rows == 1
    later = prepare_export("usage", {"since": "2027-01-01"})[0]
    assert export_query(later, "parquet").rows == 0
    assert set(local_lake.files()) == {
        "dev_exports/inventory/table_sizes/table_sizes.parquet",
        "dev_exports/usage/query_history/since=2026-12-30/query_history.parquet",
        "dev_exports/usage/query_history/since=2027-01-01/query_history.parquet",
    }
