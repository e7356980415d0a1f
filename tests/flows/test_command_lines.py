"""`python -m flows.x` starts each flow with the flow's own parameters as options."""

from __future__ import annotations

import pkgutil
import runpy
import sys

import pytest

import flows
from tests.repository.tree import ROOT

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


def test_every_flow_is_tested_here():
    assert set(OPTIONS) == {
        module.name for module in pkgutil.iter_modules(flows.__path__)
    }


@pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")
@pytest.mark.parametrize("name", OPTIONS)
def test_help_shows_the_parameters(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    monkeypatch.setenv("COLUMNS", "200")

    runpy.run_path(str(ROOT / "flows" / f"{name}.py"), run_name="__main__")

    usage, *lines = capsys.readouterr().out.strip().splitlines()
    assert usage.startswith(f"Usage: python -m flows.{name}")
    options = {word for word in " ".join(lines).split() if word.startswith("--")}
    flags_off = {word for word in options if word.startswith("--no-")}
    assert options - flags_off - {"--help"} == OPTIONS[name]
