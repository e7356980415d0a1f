"""The README: its first command, output, tables and links."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.exchange_rates import load_exchange_rates
from tests.repository.tree import ROOT, environment_of_a_newcomer
from tests.servers.duckdb_warehouse import count

README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_first_command_loads_the_history(clone, tmp_path):
    """Runs without a server, with an empty home, at a path with a space."""
    command = COMMANDS[0].splitlines()[0].partition("#")[0].strip()
    assert command == "pip install uv && uv run python -m flows.exchange_rates"
    home = tmp_path / "home"

    done = subprocess.run(
        # the tests' packages, because installing needs the network
        ["uv", "run", "--no-sync", "--offline", *command.split()[6:]],
        cwd=clone,
        env=environment_of_a_newcomer(home)
        | {"DO_NOT_TRACK": "1", "UV_PROJECT_ENVIRONMENT": sys.prefix},
        capture_output=True,
        text=True,
        umask=0o022,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Starting Prefect's temporary server")
    rows = count(clone / "warehouse.duckdb")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"table: exchange_rates, {rows:,} rows,")
    assert f"place: {clone}/warehouse.duckdb, dataset dev_exchange_rates" in lines
    assert f"Extract: {rows:,} rows" in done.stderr  # plain lines, no bar
    assert "━" not in done.stderr
    assert {path.name for path in home.iterdir()} <= {".prefect", ".cache"}
    assert_private(clone / "warehouse.duckdb", clone / ".dlt" / "pipelines")
    assert_private(home / ".prefect", *(home / ".prefect").rglob("*.db*"))


def assert_private(*paths: Path) -> None:
    """Check that only the owner can use files or folders of data."""
    assert {path.name: path.stat().st_mode & 0o077 for path in paths} == {
        path.name: 0 for path in paths
    }


def test_the_output_shown_is_the_real_one(warehouse):
    terminal = Console(file=io.StringIO(), width=500)
    terminal.print(load_exchange_rates(), crop=False)
    shown = re.search(r"```text\n(Loaded .*?)```", README, re.DOTALL)[1]

    def without_what_differs(text: str) -> list[str]:
        text = re.sub(
            r"(?m)^(seconds|load id|place) .*?(, dataset .*)?$", r"\1\2", text
        )
        text = re.sub(r"connect\(r'.*?'\)", "connect()", text)
        text = re.sub(r"(?m)^(Loaded .* in) .*$", r"\1", text)
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    assert without_what_differs(terminal.file.getvalue()) == without_what_differs(shown)


def test_the_table_of_flows_is_that_of_the_code():
    section = README.partition("## Flows")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE)
    flows = {}
    for path in (ROOT / "flows").glob("[!_]*.py"):
        functions = [
            node
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name == path.stem
        ]
        flows[path.stem] = ast.get_docstring(functions[0]).splitlines()[0]
    assert dict(rows) == flows
    assert len(flows) == len(rows) >= 2


def test_links_lead_somewhere():
    for document in (ROOT / "README.md", ROOT / "tests" / "README.md"):
        targets = re.findall(r"\]\((?!http)(.+?)\)", document.read_text())
        assert targets
        for target in targets:
            path, _, section = target.partition("#")
            file = document.parent / path if path else document
            assert file.exists(), (document, target)
            assert not section or section in _sections(file), (document, target)


def _sections(document: Path) -> set[str]:
    """Return the anchors that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_every_folder_is_in_the_tree():
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and list(p.glob("*.py"))}
    tree = README.partition("## Where things are")[2].partition("## ")[0]
    assert folders == set(re.findall(r"^(\w+)/", tree, re.MULTILINE))
