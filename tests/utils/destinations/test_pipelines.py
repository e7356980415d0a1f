"""Which kind of database a destination is, is configuration; a wrong one is a clear error."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from tests.samples.passwords import MISREAD, everything_told, shows_no_part
from tests.samples.pets import pets
from utils.configuration_errors import ConfigurationError, plain_configuration_errors
from utils.destinations.pipelines import UnusableDestination, pipeline_into
from utils.loading.errors import DestinationUnavailable
from utils.loading.run import run_pipeline

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


def test_a_mistyped_kind_is_named(warehouse, monkeypatch):
    monkeypatch.setenv(TYPE, "snowflak")
    with pytest.raises(UnusableDestination) as error:
        run()
    assert str(error.value) == (
        "The destination warehouse is of the kind 'snowflak', which is none of duckdb,"
        " postgres, snowflake, redshift, filesystem. Nothing was loaded. Correct"
        " destination_type under [destination.warehouse] in .dlt/config.toml, or"
        " DESTINATION__WAREHOUSE__DESTINATION_TYPE in the environment."
    )


def test_a_kind_that_is_not_installed_is_named(warehouse, monkeypatch):
    monkeypatch.setenv(TYPE, "mssql")
    with pytest.raises(UnusableDestination, match=r"uv add 'dlt\[mssql\]'"):
        run()


@pytest.mark.parametrize(
    "address, reason",
    [
        ("127.0.0.1:9", "Connection refused"),
        ("no-such-host.invalid", "could not translate host name"),
    ],
)
def test_a_host_that_is_not_there_is_named(warehouse, monkeypatch, address, reason):
    monkeypatch.setenv(TYPE, "postgres")
    monkeypatch.setenv(CREDENTIALS, f"postgresql://loader:secret@{address}/pets")
    with pytest.raises(DestinationUnavailable) as error:
        run()
    assert str(error.value).startswith(
        "The destination warehouse (postgres) cannot be used: "
    )
    assert reason in str(error.value)
    assert "destination.warehouse in .dlt/secrets.toml" in str(error.value)


def test_a_wrong_password_is_said(postgres_warehouse, monkeypatch):
    """The tests' server trusts everybody: a user who is not there is refused alike."""
    url = postgres_warehouse.url.replace("//postgres", "//nobody")
    monkeypatch.setenv(CREDENTIALS, url)
    with pytest.raises(DestinationUnavailable, match='role "nobody" does not exist'):
        run()


def test_an_address_that_is_no_address_is_not_repeated(aws, warehouse, monkeypatch):
    monkeypatch.setenv(TYPE, "redshift")
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", "s3://a-lake")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__STAGING_IAM_ROLE", "arn:aws:iam::1")
    monkeypatch.setenv(CREDENTIALS, "redshift://loader:secret@host/pets")
    with pytest.raises(DestinationUnavailable) as error:
        run()
    assert "secret@" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "options, timeout", [("", "1min"), ("&options=-c%20lock_timeout%3D5s", "5s")]
)
def test_no_lock_is_waited_for_for_ever(
    postgres_warehouse, monkeypatch, options, timeout
):
    monkeypatch.setenv(CREDENTIALS, postgres_warehouse.url + options)
    pipeline = pipeline_into("warehouse", "pets")
    with pipeline.sql_client() as client:
        assert client.execute_sql("SHOW lock_timeout") == [(timeout,)]
        url = client.credentials.to_native_representation()  # ADBC's
    with closing(psycopg2.connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchall() == [(timeout,)]


@pytest.mark.parametrize("kind", ["postgres", "redshift", "snowflake"])
def test_no_part_of_a_password_is_shown(aws, warehouse, monkeypatch, kind):
    monkeypatch.setenv(TYPE, kind)
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", "s3://a-lake")
    monkeypatch.setenv("DESTINATION__WAREHOUSE__STAGING_IAM_ROLE", "arn:aws:iam::1")
    for password in MISREAD:
        monkeypatch.setenv(CREDENTIALS, f"{kind}://loader:{password}@host/pets")
        with pytest.raises(ConfigurationError) as error, plain_configuration_errors():
            run()
        assert "percent-encoded" in str(error.value)
        assert f"It comes from {CREDENTIALS}: mend it" in str(error.value)
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
    """Without the role, AWS keys would stand in the statement."""
    monkeypatch.setenv(TYPE, "redshift")
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", bucket)
    with pytest.raises(UnusableDestination, match="STAGING_IAM_ROLE"):
        pipeline_into("warehouse", "pets")
