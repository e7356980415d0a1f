"""`python -m flows.x` starts each flow with the flow's own parameters as options."""

from __future__ import annotations

import os
import pkgutil
import subprocess

import pytest

import flows
from tests.repository.tree import ROOT
from tests.servers.python import python

# A flow of your own needs a line here.
OPTIONS = {
    "backfill": {
        *("--deployment", "--first-day", "--last-day", "--chunk-days", "--at-once"),
        *("--parameters", "--name"),
    },
    "exchange_rates": {"--refresh"},
    "hello_world": set(),
    "hubspot": {"--full-refresh"},
    "open_exchange_rates": {"--first-day", "--last-day"},
    "products": {"--full-refresh"},
    "redshift_export": {"--folder", "--parameters", "--file-format"},
    "test_alert": {"--way"},
    "van": {"--since"},
}


@pytest.mark.parametrize(
    "name", [module.name for module in pkgutil.iter_modules(flows.__path__)]
)
def test_help_shows_the_parameters(name):
    done = subprocess.run(
        [python(), "-m", f"flows.{name}", "--help"],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    usage, *lines = done.stdout.strip().splitlines()
    assert usage.startswith(f"Usage: python -m flows.{name}")
    options = {word for word in " ".join(lines).split() if word.startswith("--")}
    flags_off = {word for word in options if word.startswith("--no-")}
    assert options - flags_off - {"--help"} == OPTIONS[name]
