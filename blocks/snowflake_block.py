"""Block of the warehouse in Snowflake, filled from the secret that dlt loads with.

It serves own queries in flows, which then need prefect-snowflake. The flows that ship do
not use it, and the image does not have that package.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from blocks.block_documents import BlockDocument
from blocks.managed_object import SkippedObject
from utils.aws.client import NotThere
from utils.aws.secret_content import SecretError, dlt_value
from utils.aws.secrets import read_secret
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

SECRET = "dlt/destination/warehouse/credentials"
# The block requires one. Each dataset has its own schema: name that in the query.
SCHEMA = "PUBLIC"

REQUIRED = ("host", "username", "database", "warehouse")
# The block's names of fields by dlt's.
CREDENTIALS = {"host": "account", "username": "user", "role": "role"}
SECRETS = ("password", "private_key", "private_key_passphrase")


def snowflake_analytics(stack: StackOutputs) -> BlockDocument | SkippedObject:
    """Return the block of the warehouse. It is skipped if that is not in Snowflake."""
    block = BlockDocument("snowflake-connector", "snowflake-analytics", {})
    if (warehouse := stack["WarehouseType"]) != "snowflake":
        return block.skipped(f"not needed: the warehouse is {warehouse}")
    try:
        values = _values(read_secret(SECRET))
    except NotThere as error:
        return block.skipped(f"not configured: {error} to have this block")
    if missing := [name for name in REQUIRED if not values.get(name)]:
        return block.skipped(f"the secret {SECRET} lacks {', '.join(missing)}")
    if not values.get("password") and "-----BEGIN" not in values.get("private_key", ""):
        return block.skipped(
            f"the secret {SECRET} has neither password nor a PEM private_key"
        )
    return replace(
        block,
        data={
            "database": values["database"],
            "warehouse": values["warehouse"],
            "schema": SCHEMA,
            "credentials": _credentials(values),
        },
    )


def _values(text: str) -> dict[str, Any]:
    from dlt.common.configuration.specs.exceptions import InvalidConnectionString
    from dlt.destinations.impl.snowflake.configuration import SnowflakeCredentials

    path = ("destination", "warehouse", "credentials")
    credentials = SnowflakeCredentials()
    try:
        content = dlt_value(text, SECRET, path)
        if isinstance(content, dict):
            return content
        credentials.parse_native_representation(content)
    except (SecretError, InvalidConnectionString):
        raise ClearError(
            f"The secret {SECRET} is neither a JSON object, nor TOML, nor an address as"
            " snowflake://<user>:<password>@<account>/<database>?warehouse=<warehouse>."
            " Nothing was changed. Store it as one of these."
        ) from None  # the causes hold the text
    return dict(credentials)


def _credentials(values: dict[str, Any]) -> dict[str, Any]:
    named = {CREDENTIALS[key]: values[key] for key in CREDENTIALS if values.get(key)}
    secret = {key: SecretStr(values[key]) for key in SECRETS if values.get(key)}
    return named | secret
