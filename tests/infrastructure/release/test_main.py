"""The command line of releases, run as processes. The other tests run it in this process."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.infrastructure.release.expected_plan import as_json, ordered
from tests.infrastructure.release.table_of_commits import CASES
from tests.repository.tree import ROOT
from tests.samples.git_repository import Repository
from tests.servers.python import python


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m infrastructure.release` without AWS and Prefect's server."""
    return subprocess.run(
        [python(), "-P", "-m", "infrastructure.release", *words],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder.parent),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
    )


def test_a_plan_as_json_and_as_a_summary(repository: Repository, tmp_path: Path):
    case = CASES["a source and a schedule"]
    base = repository.git("rev-parse", "house")
    case.edit(repository)
    commit = repository.commit()
    summary = tmp_path / "summary.md"

    done = run(
        repository.folder,
        *("plan", "--json", "--base", "house", "--summary", str(summary)),
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert ordered(json.loads(done.stdout)) == as_json(case.expected, base, commit)
    assert summary.read_text().startswith("**Release of commit ")


def test_an_error_is_a_line_and_an_exit_code(repository: Repository):
    (repository.folder / "new.txt").write_text("Not committed.")
    done = run(repository.folder, "plan", "--base", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    warning, error = done.stderr.splitlines()
    assert "new.txt" in warning
    assert error.startswith("error: nobody is not a commit")
