"""Errors of a load: the source's own, an API's, the destination's."""

from __future__ import annotations

import errno
import os

import dlt
import pytest
from dlt.common.data_writers.writers import ArrowToParquetWriter

from tests.fakes.http_server import api, json_answer
from tests.samples.pets import pets, pets_pipeline
from utils.destinations.pipelines import pipeline_into
from utils.errors import chain_of
from utils.errors.full_disk import DiskFull
from utils.errors.http import ApiError
from utils.loading.errors import DestinationUnavailable
from utils.loading.run import run_pipeline

TYPE = "DESTINATION__WAREHOUSE__DESTINATION_TYPE"
CREDENTIALS = "DESTINATION__WAREHOUSE__CREDENTIALS"


def test_what_a_source_raises_is_raised_as_it_is(warehouse):
    @dlt.resource
    def broken():
        try:
            raise TimeoutError("page 7")
        except TimeoutError:
            raise LookupError("page 7 is gone")
        yield

    @dlt.source(name="pets")
    def broken_source():
        return broken

    with pytest.raises(LookupError, match="^'?page 7 is gone'?$") as raised:
        run_pipeline(pets_pipeline(), broken_source())
    # its own context alone: none of dlt's errors, which it has caused
    chain = [type(error) for error in chain_of(raised.value)]
    assert chain == [LookupError, TimeoutError]


def test_what_an_api_refuses_is_said_in_plain_words(warehouse):
    from dlt.sources.helpers import requests

    with api(json_answer({"message": "Expired token"}, 401)) as server:

        @dlt.resource
        def cats():
            yield requests.get(f"{server.url}/cats?key=secret").json()

        with pytest.raises(ApiError, match=r"cats: GET \S+/cats was .* Expired token"):
            run_pipeline(pets_pipeline(), dlt.source(lambda: cats, name="cats")())


def test_a_full_disk_is_named(warehouse, monkeypatch):
    """The error of a write names no file."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    pipeline = pets_pipeline()
    with monkeypatch.context() as patch:
        patch.setattr(ArrowToParquetWriter, "write_data", refuse)
        with pytest.raises(DiskFull, match=f"^The disk of {pipeline.working_dir} is"):
            run_pipeline(pipeline, pets({"name": "Rex"}))
    assert run_pipeline(pipeline, pets({"name": "Rex"})).rows == 1


def test_ctrl_c_is_not_a_failure_of_the_load(warehouse):
    def interrupt(table):
        raise KeyboardInterrupt

    source = pets({"name": "Rex"})
    source.pets.add_map(interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_pipeline(pets_pipeline(), source)


def run():
    return run_pipeline(pipeline_into("warehouse", "pets"), pets({"name": "Rex"}))


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
