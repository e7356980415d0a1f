"""Failures in a developer's clone with secrets in its files. Nothing of them is git's.

What `git add --all` would take is searched with what the run leaves.
"""

from __future__ import annotations

from signal import SIGKILL
from typing import Any

from tests.planted.failure import Failure
from tests.planted.servers import http, hubspot_account, slow

FILES = {
    ".env": "SOURCES__VAN__API_KEY={van}\nAWS_SECRET_ACCESS_KEY={aws}\n",
    ".env.local": "PREFECT_API_KEY={prefect_key}\n",
    ".dlt/secrets.toml": "[sources.hubspot]\naccess_token = {hubspot:json}\n",
    ".dlt/secrets.toml~": "[sources.products]\ncredentials = {products:json}\n",
    "flows/secrets.toml": "[sources.hubspot]\naccess_token = {hubspot:json}\n",
    "prefect.toml": '[api]\nauth_string = "admin:{prefect_login}"\n',
    "profiles.toml": '[profiles.a]\nPREFECT_API_KEY = "{prefect_key}"\n',
    "sources/key.p8": "{snowflake_key}",
    "tests/id_ed25519": "{snowflake_key}",
    "google-credentials.json": '{{"private_key": {snowflake_key:json}}}',
}
# Everything is written where it is by default, into the clone.
FOLDERS = dict.fromkeys(("DLT_LOCAL_DIR", "PIPELINES_DIR", "DLT_PROJECT_DIR"), "")


def in_a_clone(name: str, says: str, **more: Any) -> Failure:
    """Return a failure of `hubspot`, whose token is in the clone's .dlt/secrets.toml."""
    settings = {**FOLDERS, "SOURCES__HUBSPOT__ACCESS_TOKEN": ""}
    return Failure(
        *(f"clone: {name}", "flows.hubspot", says, settings),
        files=FILES,
        needs="clone",
        **more,
    )


FAILURES = (
    in_a_clone("loaded", "Loaded 1 rows", server=hubspot_account, code=0),
    in_a_clone("SIGKILL", "", server=http(slow), signal=SIGKILL, code=-SIGKILL),
)
