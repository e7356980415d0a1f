"""Failures of Prefect, AWS and the commands, and bugs in a source."""

from __future__ import annotations

from tests.planted.bugs import BUGS
from tests.planted.failure import Failure
from tests.planted.servers import echo, echo_page, http, hubspot_account, nonsense, tcp

ALERT = "flows.test_alert"
API = "PREFECT_API_URL"
BLOCKS = "blocks plan"
VAULT = {
    "PROVIDERS__ENABLE_AWS_SECRETS": "true",
    "AWS_ENDPOINT_URL": "{aws_url}",
    "SOURCES__HUBSPOT__ACCESS_TOKEN": "",
}
SECRETS_OF_BLOCKS = {
    "prefect/slack-webhook-url": "https://hooks.slack.com/services/{slack}\n",
    "prefect/pagerduty-integration-key": '{{"key": {pagerduty:json}}}',
    "dlt/destination/warehouse/credentials": (
        '{{"host": "example-account", "username": "LOADER", "role": "LOADER",'
        ' "database": "ANALYTICS", "warehouse": "LOADING",'
        ' "private_key": {snowflake_key:json}}}'
    ),
}
CODES = {"exits": 70}

FAILURES = (
    *(
        Failure(
            f"bug: {name}",
            *("flows.hubspot", ""),
            server=hubspot_account,
            bug=name,
            code=CODES.get(name, 1),
            quick=name in ("has_a_cause", "exits", "raises_base64"),
        )
        for name in BUGS
    ),
    # alerts
    Failure("alert", ALERT, "on purpose", quick=True),
    Failure("alert: Slack is away", ALERT, "on purpose"),
    Failure("alert: exits", f"{ALERT} --way exits", "on purpose", code=70),
    # Prefect's API
    Failure(
        "prefect: a password in the address",
        *("flows.hello_world", ""),
        {
            API: "http://admin:{prefect_address:url}@127.0.0.1:{api_port}/api",
            "EXPECTED_OUTBOUND_IP": "203.0.113.7",
        },
        quick=True,
    ),
    Failure(
        "prefect: closed port",
        *(ALERT, ""),
        {API: "http://admin:{prefect_address:url}@127.0.0.1:{closed}/api"},
    ),
    Failure(
        "prefect: unknown host",
        *(ALERT, ""),
        {API: "https://admin:{prefect_address:url}@prefect.invalid/api"},
    ),
    Failure(
        "prefect: an address that is none",
        *(ALERT, ""),
        {API: "http://admin:{prefect_address}@127.0.0.1:{closed}/api"},
    ),
    Failure(
        "prefect: 401 echoes the login",
        *(ALERT, "401", {API: "{server}/api"}),
        http(echo("Prefect", 401)),
    ),
    Failure(
        "prefect: 403 echoes the key",
        ALERT,
        "403",
        {
            API: "{server}/api",
            "PREFECT_API_AUTH_STRING": "",
            "PREFECT_API_KEY": "{prefect_key}\n",
        },
        http(echo("Prefect")),
    ),
    Failure(
        "prefect: no JSON", ALERT, "", {API: "{server}/api"}, http(echo_page(200))
    ),
    Failure(
        "backfill: unknown deployment",
        "flows.backfill --deployment nobody/dev --first-day 2024-01-01"
        " --last-day 2024-01-31",
        "",
        {API: "http://admin:{prefect_address:url}@127.0.0.1:{api_port}/api"},
    ),
    # the vault
    Failure(
        "vault: broken JSON",
        *("flows.hubspot", "", VAULT),
        hubspot_account,
        vault={"dlt/sources/hubspot": '{{"access_token": {hubspot:json},}}'},
    ),
    Failure(
        "vault: a list",
        *("flows.hubspot", "", VAULT),
        hubspot_account,
        vault={"dlt/sources/hubspot": '{{"access_token": [{hubspot:json}]}}'},
    ),
    Failure(
        "vault: a token with a line's end, echoed",
        *("flows.hubspot", "403", VAULT),
        http(echo("HubSpot")),
        vault={"dlt/sources/hubspot/access_token": "{hubspot}\n"},
    ),
    Failure(
        "vault: another key",
        *("flows.hubspot", "", VAULT),
        hubspot_account,
        vault={"dlt/sources/hubspot": '{{"acess_token": {hubspot:json}}}'},
    ),
    Failure(
        "vault: AWS echoes the session",
        *("flows.hubspot", "", VAULT | {"AWS_ENDPOINT_URL": "{server}"}),
        http(echo("AWS", 400)),
    ),
    Failure(
        "vault: AWS is away",
        "flows.hubspot",
        "",
        VAULT | {"AWS_ENDPOINT_URL": "http://r:{proxy:url}@127.0.0.1:{closed}"},
    ),
    Failure(
        "vault: no AWS",
        *("flows.hubspot", "", VAULT | {"AWS_ENDPOINT_URL": "{server}"}),
        tcp(nonsense),
    ),
    # python -m blocks
    Failure(
        "blocks: a password in the address",
        *(f"{BLOCKS} dev", ""),
        {API: "http://admin:{prefect_address:url}@127.0.0.1:{api_port}/api"},
        code=0,
    ),
    Failure(
        "blocks: closed port",
        *(f"{BLOCKS} dev", "does not answer"),
        {API: "http://admin:{prefect_address:url}@127.0.0.1:{closed}/api"},
        quick=True,
    ),
    Failure(
        "blocks: 403 echoes the login",
        *(f"{BLOCKS} dev", "403", {API: "{server}/api"}),
        http(echo("Prefect")),
    ),
    Failure(
        "blocks: a plan of what was written by hand",
        *(f"{BLOCKS} dev", "work pool dev"),
        needs="pool_by_hand",
        code=0,
    ),
    Failure(
        "blocks: a plan for production",
        *(f"{BLOCKS} production", "slack-webhook/alerts"),
        {"AWS_ENDPOINT_URL": "{aws_url}"},
        vault=SECRETS_OF_BLOCKS,
        needs="stack_and_pool_by_hand",
        code=0,
    ),
    Failure(
        "blocks: a secret of Slack that is no address",
        *("blocks apply production", ""),
        {"AWS_ENDPOINT_URL": "{aws_url}"},
        vault=SECRETS_OF_BLOCKS | {"prefect/slack-webhook-url": "{slack}"},
        needs="stack",
    ),
    Failure(
        "blocks: a secret of PagerDuty that is broken",
        *("blocks apply production", ""),
        {"AWS_ENDPOINT_URL": "{aws_url}"},
        vault=SECRETS_OF_BLOCKS
        | {"prefect/pagerduty-integration-key": '{{"key": {pagerduty:json}'},
        needs="stack",
    ),
    Failure(
        "blocks: AWS echoes the session",
        *(f"{BLOCKS} production", "", {"AWS_ENDPOINT_URL": "{server}"}),
        http(echo("AWS")),
    ),
    # python -m infrastructure.release
    Failure(
        "release: a plan of prefect.yaml with secrets",
        *("infrastructure.release plan --base house", ""),
        needs="repository",
        code=0,
    ),
    Failure(
        "release: AWS echoes the session",
        *("infrastructure.release plan", "", {"AWS_ENDPOINT_URL": "{server}"}),
        http(echo("AWS")),
        needs="repository",
    ),
    Failure(
        "release: broken prefect.yaml",
        *("infrastructure.release plan --base house", ""),
        needs="repository_with_a_fault",
    ),
    # --help, and options that are none
    *(
        Failure(f"{name}: --help", f"flows.{name} --help", "Usage", code=0)
        for name in ("hubspot", "products", "van")
    ),
    Failure("blocks: --help", "blocks --help", "Usage", code=0),
    Failure("release: --help", "infrastructure.release --help", "Usage", code=0),
    Failure(
        "hubspot: an option that is none", "flows.hubspot --token", "token", code=2
    ),
)
