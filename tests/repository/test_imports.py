"""Imports: one direction between packages, and few at a flow's start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.tree import ROOT

FLOWS = sorted(path.stem for path in (ROOT / "flows").glob("[!_]*.py"))
# Each takes from a quarter of a second to two seconds to import.
HEAVY = {"pyarrow", "duckdb", "snowflake", "parsons", "pandas", "numpy", "botocore"}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_import_contracts_hold():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout
    assert "5 kept, 0 broken" in result.stdout


@pytest.mark.parametrize(
    "module, line, contract",
    [
        ("sources/new.py", "import pipelines", "run one way"),
        ("utils/loading/run.py", "import sources", "run one way"),
        ("utils/loading/run.py", "import blocks", "run one way"),
        ("blocks/__init__.py", "import infrastructure", "run one way"),
        ("utils/errors/__init__.py", "import utils.runs.logging", "in a circle"),
        ("infrastructure/__init__.py", "import flows", "do without flows"),
        ("blocks/__init__.py", "import sources", "do without flows"),
        ("pipelines/new.py", "import prefect", "nothing of Prefect"),
        (
            "utils/loading/new.py",
            "import utils.runs.artifacts.reports",
            "nothing of Prefect",
        ),
        ("sources/new.py", "import utils.loading.run", "of destinations"),
        ("sources/new.py", "import utils.destinations.filesystem", "of destinations"),
    ],
)
def test_a_broken_contract_is_noticed(clone, module, line, contract):
    with (clone / module).open("a") as code:
        code.write(f"\n{line}\n")
    result = lint(clone)
    assert result.returncode == 1
    assert any(
        contract in each and "BROKEN" in each for each in result.stdout.splitlines()
    ), result.stdout


def test_sources_do_not_use_dlts_destinations():
    """Complements import-linter, which does not read third-party packages."""
    modules = sorted((ROOT / "sources").glob("**/*.py"))
    assert modules
    for module in modules:
        nodes = list(ast.walk(ast.parse(module.read_text())))
        names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module.startswith("dlt"):
                names |= {*node.module.split("."), *(each.name for each in node.names)}
        assert not names & {"destination", "destinations", "pipeline"}, module


def test_flows_start_without_heavy_libraries():
    """Imports all flows in one process: a library counts for all later flows, too."""
    script = f"""
import importlib, sys
for flow in {FLOWS!r}:
    importlib.import_module(f"flows.{{flow}}")
    if found := {HEAVY!r} & sys.modules.keys():
        print(flow, *found)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert (result.stdout, result.stderr) == ("", "")
