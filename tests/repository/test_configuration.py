"""Settings and secrets: what is committed, what is ignored, what overrides what."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import dlt
import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from tests.conftest import scratch_key
from tests.repository.tree import ROOT


def git_ignores(path: str) -> bool:
    done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT)
    assert done.returncode in (0, 1)
    return done.returncode == 0


def test_secrets_are_ignored_and_their_example_is_not():
    assert git_ignores(".dlt/secrets.toml")
    assert not git_ignores(".dlt/secrets.toml.example")
    assert not git_ignores(".dlt/config.toml")


@pytest.mark.parametrize(
    "path", ["warehouse.duckdb", "warehouse.duckdb.wal", ".dlt/pipelines/x", ".venv/x"]
)
def test_what_runs_leave_behind_is_ignored(path):
    assert git_ignores(path)


def test_every_setting_has_a_default_and_every_secret_an_example():
    example = (ROOT / ".dlt" / "secrets.toml.example").read_text()
    settings = tomllib.loads((ROOT / ".dlt" / "config.toml").read_text())["sources"]
    code = "".join(path.read_text() for path in (ROOT / "sources").glob("*.py"))
    sources = re.findall(r'@dlt.source\(name="(\w+)"(.*?)\n\) ->', code, re.DOTALL)
    assert len(sources) >= 5
    for name, source in sources:
        for setting in re.findall(r"(\w+): [^,()]* = dlt.config.value", source):
            assert setting in settings[name]
        if "dlt.secrets.value" in source:
            assert f"[sources.{name}" in example


def test_the_examples_of_secrets_are_toml_once_filled_in():
    example = (ROOT / ".dlt" / "secrets.toml.example").read_text()
    sections = [part for part in example.split("\n\n") if "# [" in part]
    assert sections
    for section in sections:
        filled_in = "\n".join(
            line.removeprefix("# ")
            for line in section.splitlines()
            if line.startswith("# [") or " = " in line
        )
        assert tomllib.loads(filled_in).keys() <= {"destination", "sources"}


def test_the_environment_overrides_the_file(monkeypatch):
    assert dlt.config["destination.warehouse.destination_type"] == "duckdb"
    monkeypatch.setenv("DESTINATION__WAREHOUSE__DESTINATION_TYPE", "postgres")
    assert dlt.config["destination.warehouse.destination_type"] == "postgres"


@pytest.mark.parametrize(
    "layout, dataset", [(None, "dev_rates"), ("%s", "rates"), ("test_%s", "test_rates")]
)
def test_the_dataset_carries_the_environment(warehouse, monkeypatch, layout, dataset):
    if layout:
        monkeypatch.setenv("DATASET_NAME_LAYOUT", layout)
    pipeline = dlt.pipeline(
        "rates", destination=dlt.destination("warehouse"), dataset_name="rates"
    )
    assert pipeline.dataset_name == dataset


def test_the_lock_is_up_to_date():
    done = subprocess.run(
        ["uv", "lock", "--check", "--offline"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_only_the_connectors_needed_are_installed():
    """parsons' plain install once brought every connector's library."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    names = {package["name"] for package in locked}
    assert {"parsons", "prefect", "prefect-aws", "dlt"} <= names
    assert not names & {"facebook-business", "google-cloud-bigquery", "twilio"}


def test_dlt_reads_a_warehouse_as_its_documentation_says(warehouse):
    """The upper bounds of duckdb and sqlglot in pyproject.toml: without, this fails."""
    pipeline = dlt.pipeline(
        "rates", destination=dlt.destination("warehouse"), dataset_name="rates"
    )
    pipeline.run([{"currency": "USD"}], table_name="rates")
    assert pipeline.dataset()["rates"].select("currency").arrow().num_rows == 1


@pytest.mark.parametrize("tool", ["black", "isort"])
def test_the_code_is_formatted(tool):
    done = subprocess.run(
        [sys.executable, "-m", tool, "--check", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_settings_of_the_person_who_tests_are_out_of_reach(pytestconfig):
    """A developer's secrets would send the tests' rows into a real warehouse."""
    providers = [
        provider
        for provider in Container()[PluggableRunContext].providers.providers
        if hasattr(provider, "locations")
    ]
    places = {Path(place) for provider in providers for place in provider.locations}
    scratch = pytestconfig.stash[scratch_key]
    assert len(places) >= 2
    assert all(place.is_relative_to(scratch) for place in places)
