"""Loading into Snowflake: what dlt sends with our settings. Nothing of it ran on Snowflake."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.exchange_rates import load_exchange_rates
from tests.fakes.snowflake import DATABASE, Snowflake
from tests.samples.pets import UPSERT, pets
from utils.destinations.pipelines import pipeline_into
from utils.destinations.snowflake import SNOWFLAKE
from utils.destinations.views import View
from utils.loading.report import LoadReport
from utils.loading.run import run_pipeline

pytestmark = pytest.mark.slow

REX, TOM, ADA = ({"name": name} for name in ("Rex", "Tom", "Ada"))


@pytest.fixture
def snowflake(warehouse, monkeypatch) -> Snowflake:
    account = Snowflake()
    monkeypatch.setattr("snowflake.connector.connect", account.connect)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings = {
        "DESTINATION_TYPE": "snowflake",
        "CREDENTIALS__HOST": "organisation-account",
        "CREDENTIALS__DATABASE": DATABASE,
        "CREDENTIALS__USERNAME": "LOADER",
        "CREDENTIALS__PRIVATE_KEY": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        "CREDENTIALS__WAREHOUSE": "LOADING",
        "CREDENTIALS__ROLE": "LOADER",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"DESTINATION__WAREHOUSE__{name}", value)
    return account


def run(*rows: dict, write_disposition: Any = UPSERT) -> LoadReport:
    pipeline = pipeline_into("warehouse", "pets")
    return run_pipeline(pipeline, pets(*rows, write_disposition=write_disposition))


def names(snowflake: Snowflake) -> list[str]:
    found = snowflake.query("SELECT name FROM DEV_PETS.PETS ORDER BY name")
    return [name for (name,) in found]


def test_it_logs_in_with_a_key_pair(snowflake):
    run(REX)
    login, *_ = snowflake.connections
    assert (login["account"], login["user"]) == ("organisation-account", "LOADER")
    assert isinstance(login["private_key"], bytes)
    assert login["password"] is None


def test_rows_arrive_as_parquet_by_copy(snowflake):
    report = run(REX, TOM)
    assert names(snowflake) == ["Rex", "Tom"]
    assert (report.rows, report.destination_type) == (2, "snowflake")
    (copy,) = [each for each in snowflake.like("COPY INTO") if '"PETS"' in each]
    assert "TYPE = 'PARQUET'" in copy
    assert "USE_LOGICAL_TYPE = TRUE" in copy
    assert "USE_VECTORIZED_SCANNER = TRUE" in copy
    assert "MATCH_BY_COLUMN_NAME='CASE_INSENSITIVE'" in copy
    assert "ON_ERROR = ABORT_STATEMENT" in copy


def test_loads_are_noted_in_the_history(snowflake):
    run(REX, TOM)
    run(ADA)
    history = "SELECT rows_loaded FROM DEV_PETS.LOAD_HISTORY ORDER BY loaded_at"
    assert snowflake.query(history) == [(2,), (1,)]


def test_files_do_not_stay_in_the_stage(snowflake):
    run(REX)
    assert len(snowflake.like("REMOVE")) == len(snowflake.like("PUT")) > 0


def test_a_merge_is_one_statement(snowflake):
    run(REX)
    run(TOM, ADA)
    assert names(snowflake) == ["Ada", "Rex", "Tom"]
    _, merge = snowflake.like("MERGE INTO")  # each run has one
    assert '"DEV_PETS"."PETS"' in merge and '"DEV_PETS_STAGING"."PETS"' in merge
    assert not snowflake.like('DELETE FROM "ANALYTICS"."DEV_PETS"."PETS"')


def test_a_replacement_goes_through_the_staging_dataset(snowflake):
    run(REX, TOM, write_disposition="replace")
    run(ADA, TOM, write_disposition="replace")
    assert names(snowflake) == ["Ada", "Tom"]
    assert not snowflake.like("TRUNCATE")


def test_a_replacement_that_fails_halfway_leaves_the_table_as_it_was(
    snowflake, monkeypatch
):
    run(REX, TOM, write_disposition="replace")
    statements: list[str] = []
    play = Snowflake.run

    def fail_at_insert(account, session, statement):
        statements.append(statement)
        if re.match(r'INSERT.* FROM .*"PETS"$', statement, re.DOTALL):
            raise duckdb.CatalogException("no such table")
        play(account, session, statement)

    monkeypatch.setattr(Snowflake, "run", fail_at_insert)
    with pytest.raises(PipelineStepFailed, match="no such table"):
        run(ADA, TOM, write_disposition="replace")
    assert any(each.startswith("DELETE") for each in statements)
    assert names(snowflake) == ["Rex", "Tom"]


def test_the_main_job_runs_twice(snowflake):
    first = load_exchange_rates()
    second = load_exchange_rates()
    assert first.rows > 200_000 > second.rows == 0


def test_the_main_job_fills_a_table_that_is_empty(snowflake):
    load_exchange_rates()
    snowflake.query("DELETE FROM DEV_EXCHANGE_RATES.EXCHANGE_RATES")
    assert load_exchange_rates().rows > 200_000


def test_a_view_keeps_who_may_read_it(snowflake):
    run({"name": "Rex", "legs": 4})
    for columns in ("NAME",), ("NAME", "LEGS"):
        view = View(
            *("old_pets", columns),
            query=lambda client, names: f"SELECT {', '.join(names)} FROM PETS",
        )
        SNOWFLAKE.replace_view(pipeline_into("warehouse", "pets"), view)
    assert snowflake.query("SELECT * FROM DEV_PETS.OLD_PETS") == [("Rex", 4)]
    *_, create = snowflake.like("CREATE OR REPLACE VIEW")
    assert "COPY GRANTS AS SELECT NAME, LEGS" in create
