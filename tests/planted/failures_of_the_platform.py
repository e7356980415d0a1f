"""Failures of Prefect's API, alerts and the vault, and bugs in a source."""

from __future__ import annotations

from typing import Any

from tests.planted.bugs import BUGS, QUICK_BUGS, RARE_BUGS
from tests.planted.failure import Failure
from tests.planted.servers import echo, http, hubspot_account

API = "PREFECT_API_URL"
WITH_A_PASSWORD = {API: "http://admin:{prefect_address:url}@127.0.0.1:{api_port}/api"}
TO_NOWHERE = {API: "http://admin:{prefect_address:url}@127.0.0.1:{closed}/api"}
# DuckDB, the warehouse of these runs, has no use for it.
KEY = {
    "DESTINATION__WAREHOUSE__CREDENTIALS__PRIVATE_KEY": "{snowflake_key}",
    "DESTINATION__WAREHOUSE__CREDENTIALS__PRIVATE_KEY_PASSPHRASE": (
        "{snowflake_passphrase}"
    ),
}
VAULT = {
    "PROVIDERS__ENABLE_AWS_SECRETS": "true",
    "AWS_ENDPOINT_URL": "{aws_url}",
    "SOURCES__HUBSPOT__ACCESS_TOKEN": "",
}


def alert(name: str, says: str, **more: Any) -> Failure:
    """Return a failure of `test_alert`."""
    return Failure(name, "flows.test_alert", says, **more)


def vault(name: str, says: str, settings=VAULT, **more: Any) -> Failure:
    """Return a failure of `hubspot` with a token from the vault."""
    more = {"server": http(echo("HubSpot", 403))} | more
    return Failure(f"vault: {name}", "flows.hubspot", says, settings, **more)


FAILURES = (
    *(
        Failure(
            f"bug: {name}",
            *("flows.hubspot", "", KEY),
            server=hubspot_account,
            bug=name,
            code=70 if name == "exits" else 1,
            quick=name in QUICK_BUGS,
            rare=name in RARE_BUGS,
        )
        for name in BUGS
    ),
    Failure(
        "prefect: a password in the address",
        *("flows.hello_world", "Outbound IP address unknown", WITH_A_PASSWORD),
        code=0,
        quick=True,
    ),
    alert("prefect: closed port", "does not answer", settings=TO_NOWHERE, rare=True),
    alert(
        "prefect: 401 echoes the login",
        "401",
        settings={API: "{server}/api"},
        server=http(echo("Prefect", 401)),
        rare=True,
    ),
    alert(
        "prefect: 401 echoes a profile's login",
        "401",
        settings={
            API: "",
            "PREFECT_API_AUTH_STRING": "",
            "PREFECT_PROFILES_PATH": "{project}/profiles.toml",
        },
        server=http(echo("Prefect", 401)),
        files={
            "profiles.toml": (
                'active = "here"\n\n[profiles.here]\n'
                'PREFECT_API_URL = "http://r:{prefect_address:url}@127.0.0.1:{port}/api"\n'
                'PREFECT_API_AUTH_STRING = "admin:{prefect_login}"\n'
            )
        },
    ),
    Failure(
        "deployed: hubspot echoes the token",
        *("prefect flow-run execute {flow_run}", "403 Forbidden"),
        server=http(echo("HubSpot", 403)),
        needs="deployed_hubspot",
        code=0,
        quick=True,
    ),
    Failure(
        "deployed: van echoes the key",
        *("prefect flow-run execute {flow_run}", "403 Forbidden"),
        {"PREFECT_LOGGING_LEVEL": "DEBUG", "RUNTIME__LOG_LEVEL": "DEBUG"},
        http(echo("VAN", 403)),
        needs="deployed_van",
        code=0,
        rare=True,
    ),
    alert(
        "prefect: a key with a line's end",
        "Failed to reach API",
        settings={
            API: "{server}/api",
            "PREFECT_API_AUTH_STRING": "",
            "PREFECT_API_KEY": "{prefect_key}\n",
            "PREFECT_CLIENT_MAX_RETRIES": "0",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
        },
        server=http(echo("Prefect", 403)),
    ),
    Failure(
        "backfill: unknown deployment",
        "flows.backfill --deployment nobody/dev"
        " --first-day 2024-01-01 --last-day 2024-01-31",
        *("has no deployment", WITH_A_PASSWORD),
        rare=True,
    ),
    vault(
        "broken JSON",
        "begins like JSON, but is malformed",
        vault={"dlt/sources/hubspot": '{{"access_token": {hubspot:json},}}'},
    ),
    vault(
        "a list",
        "error:",
        vault={"dlt/sources/hubspot": '{{"access_token": [{hubspot:json}]}}'},
        rare=True,
    ),
    vault(
        "a token with a line's end",
        "403 Forbidden",
        vault={"dlt/sources/hubspot/access_token": "{hubspot}\n"},
        rare=True,
    ),
    vault(
        "AWS echoes the session",
        "AWS refuses the secret",
        VAULT | {"AWS_ENDPOINT_URL": "{server}"},
        server=http(echo("AWS", 400)),
    ),
    vault(
        "AWS echoes a profile's session",
        "AWS refuses the secret",
        VAULT
        | {
            "AWS_ENDPOINT_URL": "{server}",
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "AWS_SESSION_TOKEN": "",
            "AWS_SHARED_CREDENTIALS_FILE": "{project}/credentials",
        },
        server=http(echo("AWS", 400)),
        files={
            "credentials": (
                "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
                "aws_secret_access_key = {aws}\naws_session_token = {aws_session}\n"
            )
        },
        rare=True,
    ),
    vault(
        "AWS is away",
        "AWS could not be asked",
        VAULT | {"AWS_ENDPOINT_URL": "http://r:{proxy:url}@127.0.0.1:{closed}"},
    ),
)
