"""A destination's type is configuration; a wrong one is a clear error."""

from __future__ import annotations

import errno
import os

import dlt
import pytest
from dlt.common.storages import FileStorage

from tests.samples.passwords import MISREAD, everything_told, shows_no_part
from tests.samples.pets import UPSERT, pets
from utils.destinations.destination_type import DestinationType, UnusableDestination
from utils.destinations.pipelines import (
    SUPPORTED,
    fit_to_destination,
    pipeline_into,
    type_named,
    type_of,
)
from utils.errors.full_disk import DiskFull
from utils.loading.run import run_pipeline
from utils.settings.errors import ConfigurationError, plain_configuration_errors

TYPE = "DESTINATION__WAREHOUSE__DESTINATION_TYPE"
CREDENTIALS = "DESTINATION__WAREHOUSE__CREDENTIALS"


def run():
    return run_pipeline(pipeline_into("warehouse", "pets"), pets({"name": "Rex"}))


def test_the_dataset_carries_the_environment_and_the_pipeline_its_name(warehouse):
    pipeline = pipeline_into("warehouse", "pets", name="pets_of_may")
    assert (pipeline.pipeline_name, pipeline.dataset_name) == (
        "pets_of_may",
        "dev_pets",
    )


def test_a_disk_that_is_full_before_the_load_is_named(warehouse, monkeypatch):
    """dlt writes the pipeline's state when it makes the pipeline."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FileStorage, "save_atomic", refuse)
    folder = os.environ["PIPELINES_DIR"]
    with pytest.raises(DiskFull, match=f"^The disk of {folder} is full"):
        pipeline_into("warehouse", "pets")


def test_a_mistyped_type_is_named(warehouse, monkeypatch):
    monkeypatch.setenv(TYPE, "snowflak")
    with pytest.raises(UnusableDestination) as error:
        run()
    assert str(error.value) == (
        "The destination warehouse has the type 'snowflak', which is none of duckdb,"
        " postgres, snowflake, redshift, filesystem. Nothing was loaded. Correct"
        " destination_type under [destination.warehouse] in .dlt/config.toml, or"
        " DESTINATION__WAREHOUSE__DESTINATION_TYPE in the environment."
    )


def test_a_type_that_is_not_installed_is_named(warehouse, monkeypatch):
    monkeypatch.setenv(TYPE, "mssql")
    with pytest.raises(UnusableDestination, match=r"uv add 'dlt\[mssql\]'"):
        run()


@pytest.mark.parametrize("destination_type", ["postgres", "redshift", "snowflake"])
def test_no_part_of_a_password_is_shown(aws, warehouse, monkeypatch, destination_type):
    monkeypatch.setenv(TYPE, destination_type)
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", "s3://a-lake")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__STAGING_IAM_ROLE", "arn:aws:iam::1")
    for password in MISREAD:
        monkeypatch.setenv(
            CREDENTIALS, f"{destination_type}://loader:{password}@host/pets"
        )
        with pytest.raises(ConfigurationError) as error, plain_configuration_errors():
            run()
        assert "percent-encoded" in str(error.value)
        assert f"It comes from {CREDENTIALS}: fix it" in str(error.value)
        assert shows_no_part(everything_told(error.value))


def test_a_whole_address_in_place_of_the_host_is_not_shown(warehouse, monkeypatch):
    monkeypatch.setenv(TYPE, "postgres")
    url = "postgresql://loader:zq7@xk9/pets"
    for key, value in {"HOST": url, "DATABASE": "a", "USERNAME": "b"}.items():
        monkeypatch.setenv(f"{CREDENTIALS}__{key}", value)
    monkeypatch.setenv(f"{CREDENTIALS}__PASSWORD", "vj3")
    with pytest.raises(ConfigurationError, match=f"{CREDENTIALS}__HOST") as error:
        run()
    assert shows_no_part(everything_told(error.value))


@pytest.mark.parametrize("bucket", ["lake", "s3://a-lake"])
def test_redshift_needs_a_bucket_and_a_role(warehouse, monkeypatch, bucket):
    """AWS keys would stand in the statement otherwise."""
    monkeypatch.setenv(TYPE, "redshift")
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", bucket)
    with pytest.raises(UnusableDestination, match="STAGING_IAM_ROLE"):
        pipeline_into("warehouse", "pets")


@pytest.mark.parametrize("destination_type", ["duckdb", "filesystem"])
def test_a_pipeline_into_dlts_own_destination_is_refused(
    warehouse, monkeypatch, destination_type
):
    """A replaced table would be empty until the new rows are there."""
    monkeypatch.setenv(TYPE, destination_type)
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", str(warehouse.parent))
    pipeline = dlt.pipeline("pets", destination=dlt.destination("warehouse"))
    with pytest.raises(UnusableDestination, match="pets loads into dlt's own destin"):
        run_pipeline(pipeline, pets({"name": "Rex"}))


def test_a_table_gets_the_merge_strategy_that_dlt_has_for_the_destination(
    warehouse, monkeypatch
):
    source = pets({"name": "Rex"}, write_disposition=UPSERT)
    fit_to_destination(pipeline_into("warehouse", "pets"), source)
    assert source.pets.compute_table_schema()["x-merge-strategy"] == "upsert"

    monkeypatch.setenv(TYPE, "redshift")
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", "s3://a-lake")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__STAGING_IAM_ROLE", "arn:aws:iam::1")
    fit_to_destination(pipeline_into("warehouse", "pets"), source)
    assert source.pets.compute_table_schema()["x-merge-strategy"] == "delete-insert"


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_supported_type_is_found_by_either_of_dlts_names(name):
    assert type_named(name) is type_named(f"dlt.destinations.{name}")
    assert type_named(name).name == name


@pytest.mark.parametrize("name", ["duckdb", "postgres", "filesystem"])
def test_a_pipelines_type_is_the_configured_one(warehouse, monkeypatch, name):
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", name)
    monkeypatch.setenv("DESTINATION__WAREHOUSE__BUCKET_URL", str(warehouse.parent))
    assert type_of(pipeline_into("warehouse", "pets")) is SUPPORTED[name]


def test_another_type_gets_the_defaults():
    assert type_named("bigquery") == DestinationType("bigquery")
    look = type_named("bigquery").how_to_look("project", "dev_pets", "pets")
    assert look == "SELECT * FROM dev_pets.pets LIMIT 10"
