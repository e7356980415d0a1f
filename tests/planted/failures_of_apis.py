"""Failures of APIs with a token, an app id, a key."""

from __future__ import annotations

from signal import SIGKILL, SIGTERM
from typing import Any

from tests.planted.failure import Failure
from tests.planted.servers import (
    content,
    data,
    echo,
    echo_page,
    http,
    hubspot_account,
    slow,
    van_account,
)

TOKEN = "SOURCES__HUBSPOT__ACCESS_TOKEN"
WITH_A_PASSWORD = {
    "SOURCES__HUBSPOT__BASE_URL": "http://r:{hubspot_address:url}@127.0.0.1:{port}"
}
REFUSED = http(echo("HubSpot", 403))


def hubspot(name: str, says: str, server=REFUSED, **more: Any) -> Failure:
    """Return a failure of `hubspot`."""
    return Failure(f"hubspot: {name}", "flows.hubspot", says, server=server, **more)


def open_exchange_rates(name: str, says: str, **more: Any) -> Failure:
    """Return a failure of `open_exchange_rates`."""
    name = f"open_exchange_rates: {name}"
    return Failure(name, "flows.open_exchange_rates", says, **more)


def van(name: str, says: str, **more: Any) -> Failure:
    """Return a failure of `van`."""
    return Failure(f"van: {name}", "flows.van", says, **more)


FAILURES = (
    hubspot("403 echoes the token", "403 Forbidden", quick=True),
    hubspot("401 echoes it in base64", "401", http(echo("HubSpot", 401, "base64"))),
    hubspot(
        "400 echoes it percent-encoded",
        "400",
        http(echo("HubSpot", 400, "percent")),
        rare=True,
    ),
    hubspot("no JSON", "an answer is not JSON", http(data(str.encode)), rare=True),
    hubspot(
        "a time that is none",
        "a record of contacts is not as the API documents it",
        http(
            content(
                lambda text: {
                    "results": [
                        {"id": "1", "properties": {}, "archived": False}
                        | {"createdAt": text, "updatedAt": text}
                    ]
                }
            )
        ),
    ),
    hubspot(
        "time-out",
        "sent nothing for 0.3 s",
        http(slow),
        settings={"RUNTIME__REQUEST_TIMEOUT": "0.3"},
    ),
    # Refused by Python, unless it was stripped: then by the server.
    hubspot("a line's end", "error:", settings={TOKEN: "{hubspot}\n"}, quick=True),
    hubspot(
        "a line's end within",
        "error:",
        settings={TOKEN: "{hubspot}\n{by_hand}"},
        rare=True,
    ),
    hubspot(
        "beyond Latin-1", "error:", settings={TOKEN: "{hubspot}–{by_hand}"}, rare=True
    ),
    hubspot(
        "a password in the address",
        "403 Forbidden",
        settings=WITH_A_PASSWORD,
    ),
    hubspot(
        "all that is logged",
        "403 Forbidden",
        settings={"PREFECT_LOGGING_LEVEL": "DEBUG", "RUNTIME__LOG_LEVEL": "DEBUG"},
    ),
    hubspot("SIGKILL", "", http(slow), signal=SIGKILL, code=-SIGKILL),
    hubspot("SIGTERM", "termination signal", http(slow), signal=SIGTERM, code=-SIGTERM),
    hubspot(
        "in a terminal",
        "403 Forbidden",
        settings={"FORCE_COLOR": "1", "COLUMNS": "60"},
        rare=True,
    ),
    hubspot(
        "loaded",
        *("Loaded 1 rows", hubspot_account),
        settings=WITH_A_PASSWORD,
        code=0,
        quick=True,
    ),
    open_exchange_rates(
        "a password in the address",
        "127.0.0.1 cannot be reached",
        settings={
            "SOURCES__OPEN_EXCHANGE_RATES__API_URL": (
                "http://r:{open_exchange_rates_address:url}@127.0.0.1:{port}/api"
            )
        },
        rare=True,
    ),
    open_exchange_rates(
        "403 echoes the app id",
        "403 Forbidden",
        server=http(echo("Open Exchange Rates", 403)),
        rare=True,
    ),
    open_exchange_rates(
        "500 echoes it quoted",
        "500 Internal Server Error",
        server=http(echo("Open Exchange Rates", 500, "repr")),
    ),
    open_exchange_rates(
        "rates that are none",
        "the latest rates is not as the API documents it",
        server=http(
            content(
                lambda text: {
                    "timestamp": 1795000000,
                    "base": text,
                    "rates": {"EUR": text, text: 1},
                    "data": {"usage": {"requests_quota": text}},
                }
            )
        ),
    ),
    open_exchange_rates(
        "the lake's keys are refused",
        "There is no bucket the-lake",
        settings={
            "DESTINATION__LAKE__BUCKET_URL": "s3://the-lake/lake",
            "DESTINATION__LAKE__CREDENTIALS__ENDPOINT_URL": "{server}",
        },
        server=http(echo("AWS", 403)),
    ),
    van(
        "403 echoes the key",
        "403 Forbidden",
        server=http(echo("VAN", 403)),
        quick=True,
    ),
    van(
        "503 of a proxy",
        "503 Service Unavailable",
        server=http(echo_page(503)),
        rare=True,
    ),
    van(
        "a name that is an object",
        "arrives as an object",
        server=http(
            content(
                lambda text: {
                    "items": [
                        {"activistCodeId": text, "name": {"a": text}, "status": 1}
                    ],
                    "nextPageLink": None,
                    "count": 1,
                }
            )
        ),
        rare=True,
    ),
    van(
        "loaded",
        "Loaded",
        settings={"SOURCES__VAN__DAYS_PER_LOAD": "10000"},
        server=van_account,
        code=0,
        rare=True,
    ),
    van(
        "a key with a line's end",
        "403 Forbidden",
        settings={"SOURCES__VAN__API_KEY": "{van}\n"},
        server=http(echo("VAN", 403)),
        rare=True,
    ),
    van(
        "a password in the address",
        "127.0.0.1 cannot be reached",
        settings={
            "SOURCES__VAN__BASE_URL": "http://r:{van_address:url}@127.0.0.1:{port}/v4/"
        },
        rare=True,
    ),
)
