"""Failures of Prefect's API, alerts and the vault, and bugs in a source."""

from __future__ import annotations

from typing import Any

from tests.planted.bugs import BUGS, QUICK_BUGS
from tests.planted.failure import Failure
from tests.planted.servers import echo, http, hubspot_account

API = "PREFECT_API_URL"
WITH_A_PASSWORD = {API: "http://admin:{prefect_address:url}@127.0.0.1:{api_port}/api"}
TO_NOWHERE = {API: "http://admin:{prefect_address:url}@127.0.0.1:{closed}/api"}
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
            *("flows.hubspot", ""),
            server=hubspot_account,
            bug=name,
            code=70 if name == "exits" else 1,
            quick=name in QUICK_BUGS,
        )
        for name in BUGS
    ),
    Failure(
        "prefect: a password in the address",
        *("flows.hello_world", "Outbound IP address unknown", WITH_A_PASSWORD),
        code=0,
        quick=True,
    ),
    alert("prefect: closed port", "Failed to reach API", settings=TO_NOWHERE),
    alert(
        "prefect: 401 echoes the login",
        "401",
        settings={API: "{server}/api"},
        server=http(echo("Prefect", 401)),
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
    ),
    vault(
        "a token with a line's end",
        "403 Forbidden",
        vault={"dlt/sources/hubspot/access_token": "{hubspot}\n"},
    ),
    vault(
        "AWS echoes the session",
        "AWS refuses the secret",
        VAULT | {"AWS_ENDPOINT_URL": "{server}"},
        server=http(echo("AWS", 400)),
    ),
    vault(
        "AWS is away",
        "AWS could not be asked",
        VAULT | {"AWS_ENDPOINT_URL": "http://r:{proxy:url}@127.0.0.1:{closed}"},
    ),
)
