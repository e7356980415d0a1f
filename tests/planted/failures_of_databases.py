"""Failures of databases: sources, warehouses, and the settings that name them."""

from __future__ import annotations

from typing import Any

from tests.planted.failure import Failure
from tests.planted.servers import echo, http, hubspot_account
from tests.planted.tcp_servers import postgres, tcp

FIELDS = ("HOST", "PORT", "DATABASE", "USERNAME", "PASSWORD")
URL = "SOURCES__PRODUCTS__CREDENTIALS"
REDSHIFT = "SOURCES__REDSHIFT_EXPORT__CREDENTIALS"
WAREHOUSE = "DESTINATION__WAREHOUSE__CREDENTIALS"
TYPE = "DESTINATION__WAREHOUSE__DESTINATION_TYPE"
AT_THE_SERVER = "127.0.0.1:{port}"
INTO_POSTGRES = {
    TYPE: "postgres",
    f"{WAREHOUSE}__HOST": "127.0.0.1",
    f"{WAREHOUSE}__PORT": "{port}",
    f"{WAREHOUSE}__DATABASE": "analytics",
    f"{WAREHOUSE}__USERNAME": "loader",
    f"{WAREHOUSE}__PASSWORD": "{warehouse}",
}
INTO_SNOWFLAKE = {
    TYPE: "snowflake",
    f"{WAREHOUSE}__HOST": "example-account",
    f"{WAREHOUSE}__DATABASE": "ANALYTICS",
    f"{WAREHOUSE}__USERNAME": "LOADER",
    f"{WAREHOUSE}__WAREHOUSE": "LOADING",
    f"{WAREHOUSE}__ROLE": "LOADER",
    f"{WAREHOUSE}__PRIVATE_KEY": "{snowflake_key}",
    f"{WAREHOUSE}__PRIVATE_KEY_PASSPHRASE": "{snowflake_passphrase}",
}


def as_url(setting: str, url: str) -> dict[str, str]:
    """Return settings with a URL in the place of host, password and so on."""
    return dict.fromkeys((f"{setting}__{field}" for field in FIELDS), "") | {
        setting: url
    }


def products(name: str, says: str, **more: Any) -> Failure:
    """Return a failure of `products`."""
    return Failure(f"products: {name}", "flows.products", says, **more)


def redshift(name: str, says: str, **more: Any) -> Failure:
    """Return a failure of `redshift_export`."""
    return Failure(f"redshift_export: {name}", "flows.redshift_export", says, **more)


def warehouse(name: str, says: str, **more: Any) -> Failure:
    """Return a failure of `hubspot` with a warehouse of its own."""
    more = {"server": hubspot_account} | more
    return Failure(f"warehouse: {name}", "flows.hubspot", says, **more)


def secrets_file(name: str, says: str, text: str, **more: Any) -> Failure:
    """Return a failure of `hubspot` with a token from .dlt/secrets.toml."""
    return Failure(
        f"secrets.toml: {name}",
        *("flows.hubspot", says),
        {"SOURCES__HUBSPOT__ACCESS_TOKEN": ""},
        http(echo("HubSpot", 403)),
        {".dlt/secrets.toml": f"[sources.hubspot]\n{text}\n"},
        **more,
    )


FAILURES = (
    products(
        "the database echoes the password",
        "password authentication failed",
        server=tcp(postgres),
        quick=True,
    ),
    products(
        "TLS where there is none",
        "server does not support SSL",
        settings={"PGSSLMODE": "verify-full"},
        server=tcp(postgres),
    ),
    products(
        "a password that was not encoded",
        "@ as %40",
        settings=as_url(URL, f"postgresql://reader:{{products}}@{AT_THE_SERVER}/shop"),
    ),
    products(
        "a password in the query",
        "lacks password",
        settings=as_url(
            URL, f"postgresql://r@{AT_THE_SERVER}/shop?password={{products:url}}"
        ),
        rare=True,
    ),
    products(
        "an option that is none",
        "invalid connection option",
        settings=as_url(
            URL,
            f"postgresql://r:{{products:url}}@{AT_THE_SERVER}/shop"
            "?sslpasswordd={by_hand:url}",
        ),
    ),
    products(
        "a port that is none",
        "port cannot be read",
        settings={f"{URL}__PORT": "{products}"},
        rare=True,
    ),
    products(
        "the password alone",
        "cannot be read",
        settings=as_url(URL, "{products}"),
        rare=True,
    ),
    products(
        "broken JSON",
        "cannot be read",
        settings=as_url(URL, '{{"host": "h", "password": {products:json}, "port": }}'),
    ),
    redshift(
        "the database echoes the password",
        "password authentication failed",
        server=tcp(postgres),
        rare=True,
    ),
    redshift(
        "a password that was not encoded",
        "error:",
        settings=as_url(REDSHIFT, f"redshift://r:{{redshift}}@{AT_THE_SERVER}/shop"),
    ),
    warehouse(
        "the database echoes the password",
        "password authentication failed",
        settings=INTO_POSTGRES,
        server=tcp(postgres),
    ),
    warehouse(
        "a password that was not encoded",
        "URL with more than one @",
        settings={
            TYPE: "postgres",
            WAREHOUSE: f"postgresql://loader:{{warehouse}}@{AT_THE_SERVER}/analytics",
        },
        rare=True,
    ),
    warehouse(
        "a type that is none",
        "which is none of duckdb, postgres",
        settings={TYPE: "postgresql://loader:{warehouse}@db.example.org/analytics"},
    ),
    warehouse("a key of Snowflake that is none", "error:", settings=INTO_SNOWFLAKE),
    secrets_file(*("broken", "is not TOML", 'access_token = "{hubspot}\nother = 1')),
    secrets_file("a list", "error:", "access_token = [{hubspot:json}, 1]", rare=True),
    secrets_file("the secret as the name", "lacks access_token", "{hubspot:json} = 1"),
)
