"""Failures of databases: sources, warehouses, and the settings that name them."""

from __future__ import annotations

from tests.planted.failure import Failure
from tests.planted.servers import hubspot_account, nonsense, postgres, tcp

PRODUCTS = "flows.products"
EXPORT = "flows.redshift_export"
LOAD = "flows.hubspot"
IN_FIELDS = dict.fromkeys(
    (
        f"SOURCES__PRODUCTS__CREDENTIALS__{field}"
        for field in ("HOST", "PORT", "DATABASE", "USERNAME", "PASSWORD")
    ),
    "",
)
URL = "SOURCES__PRODUCTS__CREDENTIALS"
WAREHOUSE = "DESTINATION__WAREHOUSE__CREDENTIALS"
INTO_POSTGRES = {
    "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "postgres",
    f"{WAREHOUSE}__HOST": "127.0.0.1",
    f"{WAREHOUSE}__PORT": "{port}",
    f"{WAREHOUSE}__DATABASE": "analytics",
    f"{WAREHOUSE}__USERNAME": "loader",
    f"{WAREHOUSE}__PASSWORD": "{warehouse}",
}
INTO_SNOWFLAKE = {
    "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "snowflake",
    f"{WAREHOUSE}__HOST": "example-account",
    f"{WAREHOUSE}__DATABASE": "ANALYTICS",
    f"{WAREHOUSE}__USERNAME": "LOADER",
    f"{WAREHOUSE}__WAREHOUSE": "LOADING",
    f"{WAREHOUSE}__ROLE": "LOADER",
    f"{WAREHOUSE}__PRIVATE_KEY": "{snowflake_key}",
    f"{WAREHOUSE}__PRIVATE_KEY_PASSPHRASE": "{snowflake_passphrase}",
}

FAILURES = (
    Failure(
        "products: the database echoes the password",
        *(PRODUCTS, "password authentication failed"),
        server=tcp(postgres),
        quick=True,
    ),
    Failure("products: closed port", PRODUCTS, "refused"),
    Failure(
        "products: unknown host",
        *(PRODUCTS, ""),
        {"SOURCES__PRODUCTS__CREDENTIALS__HOST": "database.invalid"},
    ),
    Failure("products: no PostgreSQL", PRODUCTS, "", server=tcp(nonsense)),
    Failure(
        "products: TLS where there is none",
        *(PRODUCTS, "SSL", {"PGSSLMODE": "verify-full"}),
        tcp(postgres),
    ),
    Failure(
        "products: a password that was not encoded",
        *(PRODUCTS, "%40"),
        IN_FIELDS | {URL: "postgresql://reader:{products}@127.0.0.1:{port}/shop"},
        tcp(postgres),
        quick=True,
    ),
    Failure(
        "products: a password in the query",
        *(PRODUCTS, ""),
        IN_FIELDS
        | {URL: "postgresql://reader@127.0.0.1:{port}/shop?password={products:url}"},
        tcp(postgres),
    ),
    Failure(
        "products: an option that is none",
        *(PRODUCTS, ""),
        IN_FIELDS
        | {
            URL: (
                "postgresql://reader:{products:url}@127.0.0.1:{port}/shop"
                "?sslpasswordd={by_hand:url}&host=/{proxy:url}"
            )
        },
        tcp(postgres),
    ),
    Failure(
        "products: a port that is none",
        *(PRODUCTS, ""),
        {"SOURCES__PRODUCTS__CREDENTIALS__PORT": "{products}"},
    ),
    Failure(
        "products: the password alone",
        *(PRODUCTS, ""),
        IN_FIELDS | {URL: "{products}"},
    ),
    Failure(
        "products: broken JSON",
        *(PRODUCTS, ""),
        IN_FIELDS | {URL: '{{"host": "h", "password": {products:json}, "port": }}'},
    ),
    Failure(
        "redshift_export: the database echoes the password",
        *(EXPORT, ""),
        server=tcp(postgres),
    ),
    Failure("redshift_export: closed port", EXPORT, "refused"),
    Failure(
        "redshift_export: a password that was not encoded",
        *(EXPORT, ""),
        {
            name.replace("PRODUCTS", "REDSHIFT_EXPORT"): ""
            for name in IN_FIELDS
        }
        | {
            "SOURCES__REDSHIFT_EXPORT__CREDENTIALS": (
                "redshift://reader:{redshift}@127.0.0.1:{port}/analytics"
            )
        },
    ),
    Failure(
        "warehouse: the database echoes the password",
        *(LOAD, "password authentication failed"),
        {
            **INTO_POSTGRES,
            "SOURCES__HUBSPOT__BASE_URL": "http://127.0.0.1:{closed}",
        },
        tcp(postgres),
    ),
    Failure(
        "warehouse: a password that was not encoded",
        *(LOAD, ""),
        {
            **dict.fromkeys(INTO_POSTGRES, ""),
            "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "postgres",
            WAREHOUSE: "postgresql://loader:{warehouse}@127.0.0.1:{port}/analytics",
        },
        tcp(postgres),
    ),
    Failure(
        "warehouse: a type that is none",
        *(LOAD, ""),
        INTO_POSTGRES | {"DESTINATION__WAREHOUSE__DESTINATION_TYPE": "{warehouse}"},
        hubspot_account,
    ),
    Failure(
        "warehouse: a DuckDB that is none",
        *(LOAD, ""),
        {WAREHOUSE: "duckdb:///{project}/no/{warehouse:url}.duckdb"},
        hubspot_account,
    ),
    Failure(
        "warehouse: a key of Snowflake that is none",
        *(LOAD, ""),
        INTO_SNOWFLAKE,
        hubspot_account,
    ),
    Failure(
        "secrets.toml: broken",
        *(LOAD, ""),
        {"SOURCES__HUBSPOT__ACCESS_TOKEN": ""},
        hubspot_account,
        files={
            ".dlt/secrets.toml": (
                '[sources.hubspot]\naccess_token = "{hubspot}\nother = 1\n'
            )
        },
        quick=True,
    ),
    Failure(
        "secrets.toml: the same key twice",
        *(LOAD, ""),
        {"SOURCES__HUBSPOT__ACCESS_TOKEN": ""},
        hubspot_account,
        files={
            ".dlt/secrets.toml": (
                "[sources.hubspot]\n"
                "access_token = {hubspot:json}\n"
                "access_token = {hubspot:json}\n"
            )
        },
    ),
    Failure(
        "secrets.toml: a list",
        *(LOAD, ""),
        {"SOURCES__HUBSPOT__ACCESS_TOKEN": ""},
        hubspot_account,
        files={
            ".dlt/secrets.toml": (
                "[sources.hubspot]\naccess_token = [{hubspot:json}, 1]\n"
            )
        },
    ),
    Failure(
        "secrets.toml: a secret in the name's place",
        *(LOAD, ""),
        {"SOURCES__HUBSPOT__ACCESS_TOKEN": ""},
        hubspot_account,
        files={".dlt/secrets.toml": "[sources.hubspot]\n{hubspot:json} = 1\n"},
    ),
)
