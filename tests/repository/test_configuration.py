"""Settings and secrets: committed files, ignored files, precedence."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Iterator

import dlt
import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from tests.conftest import scratch_key
from tests.repository.tree import ROOT

# Secrets, keys and data, and what editors leave of them.
IGNORED = (
    *(".env", ".env.production", "flows/.env", ".envrc", "prefect.toml"),
    *(".dlt/secrets.toml", ".dlt/secrets.toml~", ".dlt/.secrets.toml.swp"),
    *(".dlt/secrets.toml.bak", ".dlt/#secrets.toml#", "flows/secrets.toml"),
    *("prefect.toml~", ".env~", ".dlt/config.toml~", "profiles.toml"),
    *("loader.p8", "sources/key.pem", "id_rsa", "id_ed25519.pub", "tls.key"),
    *("store.p12", "store.pfx", "google-credentials.json", ".netrc", ".pgpass"),
    *(".aws/credentials", ".ssh/config", "warehouse.duckdb", "old.duckdb.wal"),
    *("prefect.db", "prefect.db-wal", "a.sqlite3", "shop.dump", "lake/rates.parquet"),
)


def git_ignores(path: str) -> bool:
    done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT)
    assert done.returncode in (0, 1)
    return done.returncode == 0


def test_secrets_are_ignored_and_their_example_is_not():
    assert git_ignores(".dlt/secrets.toml")
    assert not git_ignores(".dlt/secrets.toml.example")
    assert not git_ignores(".dlt/config.toml")


def test_secrets_and_data_of_any_name_are_ignored():
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=ROOT,
        input="\n".join(IGNORED),
        capture_output=True,
        text=True,
    )
    assert done.stdout.replace('"', "").split() == list(IGNORED)


def test_no_file_in_git_is_ignored():
    """The hook `ignored` refuses such a file, which somebody added by force."""
    listed = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    assert subprocess.run(listed, cwd=ROOT, capture_output=True).stdout == b""


@pytest.mark.parametrize(
    "path", ["warehouse.duckdb", "warehouse.duckdb.wal", ".dlt/pipelines/x", ".venv/x"]
)
def test_what_runs_leave_behind_is_ignored(path):
    assert git_ignores(path)


def declared_parameters(code: str) -> Iterator[tuple[str, str, str]]:
    """Yield source, parameter and default of each function that is a dlt source."""
    for node in ast.walk(ast.parse(code)):
        for decorator in getattr(node, "decorator_list", []):
            if not ast.unparse(decorator).startswith("dlt.source"):
                continue
            keywords = {
                each.arg: each.value for each in getattr(decorator, "keywords", [])
            }
            named = keywords.get("name", ast.Constant(node.name))
            parameters = [*node.args.posonlyargs, *node.args.args]
            with_default = parameters[len(parameters) - len(node.args.defaults) :]
            defaults = [*node.args.defaults, *node.args.kw_defaults]
            for parameter, default in zip(
                [*with_default, *node.args.kwonlyargs], defaults
            ):
                shown = ast.unparse(default or ast.Constant(None))
                yield ast.literal_eval(named), parameter.arg, shown


def test_sources_are_found_however_they_are_written():
    code = """
@dlt.source(name="pets")
def pets_source(day, url=dlt.config.value, *, key: str = dlt.secrets.value): ...
@dlt.source(root_key=True)
def toys(
    legs: int = 4,
): ...
def no_source(url=dlt.config.value): ...
"""
    assert list(declared_parameters(code)) == [
        ("pets", "url", "dlt.config.value"),
        ("pets", "key", "dlt.secrets.value"),
        ("toys", "legs", "4"),
    ]


def test_every_setting_has_a_default_and_every_secret_an_example():
    example = (ROOT / ".dlt" / "secrets.toml.example").read_text()
    settings = tomllib.loads((ROOT / ".dlt" / "config.toml").read_text())["sources"]
    parameters = [
        parameter
        for path in (ROOT / "sources").rglob("*.py")
        for parameter in declared_parameters(path.read_text())
    ]
    assert parameters
    for source, parameter, default in parameters:
        if default == "dlt.config.value":
            assert parameter in settings.get(source, {}), source
        if default == "dlt.secrets.value":
            assert f"# [sources.{source}" in example, source


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
    """Guards against parsons' plain install, which brings every connector's library."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    names = {package["name"] for package in locked}
    assert {"parsons", "prefect", "prefect-aws", "dlt"} <= names
    assert not names & {"facebook-business", "google-cloud-bigquery", "twilio"}


def test_dlt_reads_a_warehouse_as_its_documentation_says(warehouse):
    """Fails without the upper bounds of duckdb and sqlglot in pyproject.toml."""
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


def test_a_developers_settings_are_out_of_reach(pytestconfig):
    """Prevents that a developer's secrets send rows into a real warehouse."""
    providers = [
        provider
        for provider in Container()[PluggableRunContext].providers.providers
        if hasattr(provider, "locations")
    ]
    places = {Path(place) for provider in providers for place in provider.locations}
    scratch = pytestconfig.stash[scratch_key]
    assert len(places) >= 2
    assert all(place.is_relative_to(scratch) for place in places)
