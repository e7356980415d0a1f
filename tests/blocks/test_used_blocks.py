"""Blocks that `python -m blocks apply` made, loaded and used as flows do."""

from __future__ import annotations

import pytest
from prefect_aws import AwsCredentials, S3Bucket

from blocks.__main__ import app


@pytest.fixture
def applied(prefect, secrets):
    app(["apply", "production"])
    return secrets.aws


def test_a_file_is_written_to_the_bucket_without_keys(applied, tmp_path):
    block = S3Bucket.load("data-lake")

    block.write_path("folder/hello.txt", b"hello")

    stored = applied.client("s3").get_object(Bucket="the-lake", Key="folder/hello.txt")
    assert stored["Body"].read() == b"hello"
    assert block.credentials.aws_access_key_id is None


def test_the_credentials_are_those_of_the_process_that_loads_them(applied):
    client = AwsCredentials.load("data-platform").get_client("sts")
    assert client.meta.region_name == "eu-central-1"
    assert client.get_caller_identity()["Account"] == "123456789012"


def test_the_snowflake_block_has_the_fields_of_its_class(prefect, applied):
    """The class itself comes with prefect-snowflake, which nothing here needs."""
    found = prefect.read_block_document_by_name(
        "snowflake-analytics", "snowflake-connector"
    )
    schema = found.block_schema.fields
    credentials = schema["definitions"]["SnowflakeCredentials"]
    for data, fields in (
        (found.data, schema),
        (found.data["credentials"], credentials),
    ):
        assert set(fields["required"]) <= set(data) <= set(fields["properties"])
    hidden = prefect.read_block_document_by_name(
        "snowflake-analytics", "snowflake-connector", include_secrets=False
    )
    assert "MIIB" not in str(hidden.data)
