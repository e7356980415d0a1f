"""Loading into Redshift: what dlt sends with our settings. Nothing of it ran on Redshift."""

from __future__ import annotations

from typing import Any, Sequence

import dlt
import pytest

from pipelines.exchange_rates import load_exchange_rates
from tests.fakes.aws import Aws
from tests.fakes.redshift import Redshift
from tests.samples.pets import UPSERT, pets
from tests.servers.postgres import Database
from utils.destinations.pipelines import pipeline_into
from utils.destinations.redshift import REDSHIFT
from utils.destinations.views import View
from utils.loading.report import LoadReport
from utils.loading.run import run_pipeline

pytestmark = pytest.mark.slow

REX, TOM, ADA = ({"name": name} for name in ("Rex", "Tom", "Ada"))
ROLE = "arn:aws:iam::123456789012:role/redshift"


@pytest.fixture
def redshift_warehouse(postgres_warehouse: Database, aws: Aws, monkeypatch) -> Redshift:
    lake = aws.new_bucket("a-lake")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "redshift")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__STAGING_IAM_ROLE", ROLE)
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", lake)
    warehouse = Redshift(postgres_warehouse, aws)
    monkeypatch.setattr("psycopg2.connect", warehouse.connect)
    return warehouse


def run(*rows: dict, write_disposition: Any = UPSERT) -> LoadReport:
    pipeline = pipeline_into("warehouse", "pets")
    return run_pipeline(pipeline, pets(*rows, write_disposition=write_disposition))


def names(redshift: Redshift) -> list[str]:
    return [
        name for (name,) in redshift.query("SELECT name FROM dev_pets.pets ORDER BY 1")
    ]


def _names(client: Any, columns: Sequence[str]) -> str:
    names = ", ".join(map(client.escape_column_name, columns))
    return f"SELECT {names} FROM {client.make_qualified_table_name('pets')}"


def view(*columns: str) -> None:
    pipeline = pipeline_into("warehouse", "pets")
    REDSHIFT.replace_view(pipeline, View("old_pets", columns, _names))


def test_rows_arrive_as_parquet_by_copy_from_the_lake(redshift_warehouse):
    report = run(REX, TOM)
    assert names(redshift_warehouse) == ["Rex", "Tom"]
    assert (report.rows, report.destination_type) == (2, "redshift")
    (copy,) = [each for each in redshift_warehouse.like("COPY") if '"pets"' in each]
    assert "FROM 's3://a-lake/dev_pets/pets/" in copy
    assert " PARQUET " in copy
    assert f"IAM_ROLE '{ROLE}'" in copy


def test_loads_are_noted_in_the_history(redshift_warehouse):
    run(REX, TOM)
    run(ADA)
    history = "SELECT rows_loaded FROM dev_pets.load_history ORDER BY loaded_at"
    assert redshift_warehouse.query(history) == [(2,), (1,)]


def test_an_upsert_deletes_and_inserts(redshift_warehouse):
    """Redshift has a MERGE, but dlt does not use it."""
    run(REX)
    run(TOM, ADA)
    assert names(redshift_warehouse) == ["Ada", "Rex", "Tom"]
    assert not redshift_warehouse.like("MERGE")
    assert any(
        'DELETE FROM "dev_pets"."pets"' in each
        for each in redshift_warehouse.statements
    )


def test_a_replacement_never_truncates(redshift_warehouse):
    """Redshift's TRUNCATE commits at once."""
    run(REX, TOM, write_disposition="replace")
    run(ADA, TOM, write_disposition="replace")
    assert names(redshift_warehouse) == ["Ada", "Tom"]
    assert not redshift_warehouse.like("TRUNCATE")


def test_a_new_column_in_the_middle_finds_its_place(redshift_warehouse):
    run({"name": "Rex", "legs": 4})
    run({"name": "Tom", "colour": "black", "legs": 4})
    found = redshift_warehouse.query(
        "SELECT name, colour, legs FROM dev_pets.pets ORDER BY name"
    )
    assert found == [("Rex", None, 4), ("Tom", "black", 4)]


def test_json_arrives_as_super(redshift_warehouse):
    @dlt.resource(
        primary_key="name",
        write_disposition="merge",
        columns={"owner": {"data_type": "json"}},
    )
    def cats():
        yield [{"name": "Tom", "owner": {"name": "Ada", "since": 2020}}]

    run_pipeline(
        pipeline_into("warehouse", "cats"), dlt.source(lambda: cats, name="cats")()
    )
    assert redshift_warehouse.query("SELECT owner ->> 'name' FROM dev_cats.cats") == [
        ("Ada",)
    ]
    (copy,) = [each for each in redshift_warehouse.like("COPY") if '"cats"' in each]
    assert "JSON 'auto'" in copy


def test_the_main_job_runs_twice(redshift_warehouse):
    first = load_exchange_rates()
    second = load_exchange_rates()
    assert first.rows > 200_000 > second.rows == 0


def test_a_view_whose_columns_change_is_made_anew(redshift_warehouse, caplog):
    """Redshift replaces a view only by one with the same columns."""
    run({"name": "Rex", "legs": 4})
    view("legs")
    assert not redshift_warehouse.like("DROP VIEW")
    view("name", "legs")
    assert redshift_warehouse.like("DROP VIEW") == ['DROP VIEW "dev_pets"."old_pets"']
    view("name", "legs")
    assert len(redshift_warehouse.like("DROP VIEW")) == 1
    assert redshift_warehouse.query("SELECT * FROM dev_pets.old_pets") == [(4, "Rex")]
    (warning,) = [each for each in caplog.messages if "GRANT" in each]
    assert warning.startswith('"dev_pets"."old_pets" has other columns now: GRANT')
