"""Block of the warehouse in Snowflake, from the secret that dlt loads with."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from blocks.managed_object import SkippedObject
from blocks.snowflake_block import SECRET, snowflake_analytics
from tests.fakes.aws import REGION
from tests.fakes.vault import Vault
from tests.samples.platform_stack import NAME, OUTPUTS, STACK
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"
VALUES = {
    "host": "example-account",
    "username": "LOADER",
    "private_key": KEY,
    "private_key_passphrase": "sesame",
    "database": "ANALYTICS",
    "warehouse": "LOADING",
    "role": "LOADER",
}


@pytest.fixture
def secrets(aws) -> Vault:
    return Vault(aws)


def test_a_key_pair(secrets):
    secrets.put(SECRET, VALUES)
    assert snowflake_analytics(STACK).wanted == {
        "database": "ANALYTICS",
        "warehouse": "LOADING",
        "schema": "PUBLIC",
        "credentials": {
            "account": "example-account",
            "user": "LOADER",
            "role": "LOADER",
            "private_key": SecretStr(KEY),
            "private_key_passphrase": SecretStr("sesame"),
        },
    }


def test_a_connection_string(secrets):
    address = "snowflake://LOADER:sesame@example-account/ANALYTICS"
    secrets.put(SECRET, f"{address}?warehouse=LOADING&role=LOADER")
    assert snowflake_analytics(STACK).wanted["credentials"] == {
        "account": "example-account",
        "user": "LOADER",
        "role": "LOADER",
        "password": SecretStr("sesame"),
    }


@pytest.mark.parametrize(
    "values, reason",
    [
        (VALUES | {"warehouse": ""}, f"the secret {SECRET} lacks warehouse"),
        (
            VALUES | {"private_key": "MIIB"},
            f"the secret {SECRET} has neither password nor a PEM private_key",
        ),
    ],
)
def test_a_secret_that_is_enough_for_dlt_only(secrets, values, reason):
    secrets.put(SECRET, values)
    left_out = snowflake_analytics(STACK)
    assert isinstance(left_out, SkippedObject) and left_out.reason == reason


@pytest.mark.parametrize(
    "content", ["sesame", '{"password": "sesame', "snowflake://LOADER:sesame@host:a/b"]
)
def test_a_secret_that_is_neither_a_table_nor_a_url(secrets, content):
    secrets.put(SECRET, content)
    with pytest.raises(ClearError, match=f"{SECRET} is neither a JSON obj") as error:
        snowflake_analytics(STACK)
    assert "Nothing was changed" in str(error.value)
    assert "sesame" not in str(error.value)
    assert error.value.__cause__ is None and error.value.__suppress_context__


def test_a_warehouse_that_is_not_in_snowflake():
    outputs = OUTPUTS | {"WarehouseType": "postgres"}
    stack = StackOutputs(NAME, REGION, "CREATE_COMPLETE", outputs)
    assert "the warehouse is postgres" in snowflake_analytics(stack).reason
