"""The command line of releases, run as processes. The other tests run it in this process."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from infrastructure.release.git import Clone
from infrastructure.release.images import read_content
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
    clone = Clone(repository.folder)
    case.edit(repository)
    commit = repository.commit()
    summary = tmp_path / "summary.md"

    done = run(
        repository.folder,
        *("plan", "--json", "--base", "house", "--summary", str(summary)),
    )

    assert (done.returncode, done.stderr) == (0, "")
    tags = read_content(clone, "house"), read_content(clone, commit)
    expected = as_json(case.expected, commit, tags)
    expected["stack"]["resources"] = []
    assert ordered(json.loads(done.stdout)) == expected
    assert summary.read_text().startswith("**Release of commit ")


def test_a_plan_from_a_folder_within_the_clone(repository: Repository):
    repository.git("switch", "--quiet", "--detach", "house")
    for folder in (repository.folder, repository.folder / "flows"):
        done = run(folder, "plan", "--base", "house")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Nothing to change" in done.stdout


def test_a_plan_names_each_task_that_fargate_does_not_have(repository: Repository):
    edits = {
        "cpu: 1024, memory: 3072": "cpu: 300, memory: 3072",
        "cpu: 512, memory: 4096": "cpu: 256, memory: 4096",
        "cpu: 1024, memory: 5120": 'cpu: "1024", memory: 5120',
        "cpu: 512, memory: 1024": "launch_type: FARGATE_SPOT, ephemeral_storage: 10",
    }
    for old, new in edits.items():
        repository.replace("prefect.yaml", old, new)
    lines = repository.read("prefect.yaml").splitlines()
    repository.commit("Other sizes")

    done = run(repository.folder, "plan", "--base", "house")

    assert (done.returncode, done.stdout) == (1, "")
    text = done.stderr.removeprefix("error: ")
    said = [line.removeprefix("prefect.yaml:") for line in text.splitlines()]
    found = [
        (lines[int(n) - 1], told) for n, _, told in (s.partition(": ") for s in said)
    ]
    expected = [
        ("cpu: 300", "Fargate has no task of `cpu: 300` with `memory: 3072`."),
        ("cpu: 256", "`cpu: 256` goes with `memory` of 512, 1024 or 2048 MiB."),
        ('cpu: "1024"', "Write `cpu: 1024`, without quotes."),
        ("FARGATE_SPOT", "the cluster has neither machines nor capacity providers."),
        ("ephemeral_storage: 10", "Write 21 to 200 GiB, or remove the line"),
    ]
    assert len(found) == len(expected)
    for (line, told), (part, words) in zip(found, expected):
        assert part in line and words in told


def test_an_error_is_a_line_and_an_exit_code(repository: Repository):
    (repository.folder / "new.txt").write_text("Not committed.")
    done = run(repository.folder, "plan", "--base", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    warning, error = done.stderr.splitlines()
    assert "new.txt" in warning
    assert error.startswith("error: nobody is not a commit")
