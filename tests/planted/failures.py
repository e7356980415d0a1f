"""All failures, by their numbers: a secret's words name the failure that it belongs to."""

from __future__ import annotations

from tests.planted import (
    failures_in_a_clone,
    failures_of_addresses,
    failures_of_apis,
    failures_of_commands,
    failures_of_databases,
    failures_of_the_platform,
)
from tests.planted.failure import Failure

FAILURES = (
    *failures_of_addresses.FAILURES,
    *failures_of_apis.FAILURES,
    *failures_of_databases.FAILURES,
    *failures_of_the_platform.FAILURES,
    *failures_of_commands.FAILURES,
    *failures_in_a_clone.FAILURES,
)
# Not a failure of the project: it shows its secrets everywhere, so that the search can
# be seen to find them.
CONTROL = Failure(
    "control",
    "tests.planted.control {aws}",
    "shown on purpose",
    quick=True,
)
# Owner of the webhooks' addresses.
ALERTS = "alerts"
OWNERS = (*(each.name for each in FAILURES), CONTROL.name, ALERTS)
NUMBERS = {name: number for number, name in enumerate(OWNERS)}
