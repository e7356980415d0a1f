"""Plans, applies and --help: what commands show beside flow runs."""

from __future__ import annotations

from tests.planted.failure import Failure
from tests.planted.failures_of_the_platform import API, TO_NOWHERE, WITH_A_PASSWORD
from tests.planted.servers import echo, echo_xml, http

MOTO = {"AWS_ENDPOINT_URL": "{aws_url}"}
ECHOING = {"AWS_ENDPOINT_URL": "{server}"}
SLACK = "prefect/slack-webhook-url"
PAGERDUTY = "prefect/pagerduty-integration-key"
SECRETS = {
    SLACK: "https://hooks.slack.com/services/{slack}\n",
    PAGERDUTY: '{{"key": {pagerduty:json}}}',
    "dlt/destination/warehouse/credentials": (
        '{{"host": "example-account", "username": "LOADER", "role": "LOADER",'
        ' "database": "ANALYTICS", "warehouse": "LOADING",'
        ' "private_key": {snowflake_key:json}}}'
    ),
}

FAILURES = (
    Failure(
        "blocks: a password in the address",
        *("blocks plan dev", "Plan for http", WITH_A_PASSWORD),
        needs="no_pool",
        code=0,
        rare=True,
    ),
    Failure(
        "blocks: closed port",
        *("blocks plan dev", "does not answer", TO_NOWHERE),
        quick=True,
    ),
    Failure(
        "blocks: 403 echoes the login",
        *("blocks apply dev", "403", {API: "{server}/api"}),
        http(echo("Prefect", 403)),
        rare=True,
    ),
    Failure(
        "blocks: a plan of what was written by hand",
        *("blocks plan dev", "work pool dev: update"),
        needs="pool_by_hand",
        code=0,
    ),
    Failure(
        "blocks: a plan for production",
        *("blocks plan production", "block webhook/slack: update", MOTO),
        vault=SECRETS,
        needs="stack_and_production_by_hand",
        code=0,
    ),
    Failure(
        "blocks: a secret of Slack that is no address",
        *("blocks apply production", "is not a URL", MOTO),
        vault=SECRETS | {SLACK: "{slack}"},
        needs="stack",
        rare=True,
    ),
    Failure(
        "blocks: a secret of PagerDuty that is broken",
        *("blocks apply production", "is malformed", MOTO),
        vault=SECRETS | {PAGERDUTY: '{{"key": {pagerduty:json}'},
        needs="stack",
    ),
    Failure(
        "blocks: AWS answers without XML",
        *("blocks plan production", "", ECHOING),
        http(echo("AWS", 403)),
        rare=True,
    ),
    Failure(
        "release: a plan of prefect.yaml with secrets",
        *("infrastructure.release plan --base house", "~1 to change"),
        needs="repository",
        code=0,
    ),
    Failure(
        "release: AWS echoes the session",
        *("infrastructure.release plan", "error:", ECHOING),
        http(echo_xml),
        needs="repository",
        rare=True,
    ),
    Failure(
        "release: a faulty prefect.yaml",
        *("infrastructure.release plan --base house", "prefect.yaml:"),
        needs="repository_with_a_fault",
    ),
    Failure("hubspot: --help", "flows.hubspot --help", "Usage", code=0, rare=True),
    Failure("blocks: --help", "blocks --help", "Usage", code=0, rare=True),
    Failure(
        "hubspot: an option that is none",
        *("flows.hubspot --token", "Unknown option"),
        code=2,
    ),
)
