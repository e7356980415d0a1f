"""Failures of addresses with a password and a key: the ECB's, and a check of an IP address."""

from __future__ import annotations

from typing import Any

from tests.fakes.http_server import Answer
from tests.planted.failure import Failure
from tests.planted.servers import cut_off, data, echo_page, http, slow
from tests.planted.tcp_servers import self_signed, tcp
from tests.samples.ecb import packaged_csv, zipped

PUBLICATION = "SOURCES__EXCHANGE_RATES__PUBLICATION_URL"
ADDRESS = "reader:{publication:url}@127.0.0.1:{port}/h.zip?key={publication_key:url}"


def ecb(
    name: str, says: str, address: str = f"http://{ADDRESS}", **more: Any
) -> Failure:
    """Return a failure of `exchange_rates --refresh`, with the address of its file."""
    settings = {PUBLICATION: address} | more.pop("settings", {})
    command = "flows.exchange_rates --refresh"
    return Failure(f"ecb: {name}", command, says, settings, **more)


FAILURES = (
    ecb(
        "403 echoes the password and the key",
        "403",
        server=http(echo_page(403)),
        quick=True,
    ),
    ecb(
        "redirects to nowhere",
        "",
        server=http(echo_page(302, Location="http://a:{sent}@[/h.zip?{query}")),
    ),
    ecb(
        "a column with another name",
        "row 1, column 2",
        server=http(data(lambda text: zipped(f'Date,"{text}",\n2026-11-02,1.2,\n'))),
    ),
    ecb("cut off", "Connection broken", server=http(cut_off), rare=True),
    ecb(
        "time-out",
        "sent nothing for 0.3 s",
        settings={"RUNTIME__REQUEST_TIMEOUT": "0.3"},
        server=http(slow),
        rare=True,
    ),
    ecb(
        "unknown host",
        "ecb.invalid cannot be reached",
        "https://r:{publication:url}@ecb.invalid/h?key={publication_key:url}",
        rare=True,
    ),
    ecb("closed port", "Connection refused", quick=True),
    ecb(
        "self-signed certificate",
        *("self-signed certificate", f"https://{ADDRESS}"),
        server=tcp(self_signed),
    ),
    ecb(
        "an address that is none",
        "error:",
        "https://reader:{publication}@[h.zip?key={publication_key}",
    ),
    ecb(
        "a password that was not encoded",
        "error:",
        "https://reader:{proxy}{publication}@127.0.0.1:{port}/h.zip",
    ),
    ecb(
        "a proxy that refuses",
        "407",
        "http://localhost:{closed}/h.zip?key={publication_key:url}",
        settings={
            "HTTP_PROXY": "http://r:{proxy:url}@127.0.0.1:{port}",
            "NO_PROXY": "127.0.0.1",  # Prefect's API
        },
        server=http(echo_page(407)),
    ),
    ecb(
        "an address in config.toml",
        *("403", ""),
        files={
            ".dlt/config.toml": (
                '[destination.warehouse]\ndestination_type = "duckdb"\n'
                f'[sources.exchange_rates]\npublication_url = "http://{ADDRESS}"\n'
            )
        },
        server=http(echo_page(403)),
        rare=True,
    ),
    ecb(
        "loaded",
        "Loaded",
        server=http(lambda request: Answer(zipped(packaged_csv()))),
        code=0,
        rare=True,
    ),
    Failure(
        "hello_world: 403 echoes the password and the key",
        *("flows.hello_world", "Outbound IP address unknown"),
        {
            "CHECK_IP_URL": "http://r:{check_ip:url}@127.0.0.1:{port}/?k={proxy:url}",
            "EXPECTED_OUTBOUND_IP": "203.0.113.7",
        },
        http(echo_page(403)),
        code=0,
    ),
)
