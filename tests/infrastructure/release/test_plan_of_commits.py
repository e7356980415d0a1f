"""What is planned for each of many commits: exactly this, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any, Callable, Iterator

import pytest

from infrastructure.release import code
from infrastructure.release.__main__ import app
from infrastructure.release.content import Content
from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.git import Clone
from infrastructure.release.images import Images
from infrastructure.release.plan import ReleasePlan, Update
from infrastructure.release.production import Production
from infrastructure.release.report import as_data
from infrastructure.release.stack import PlatformStack
from tests.infrastructure.release.edits import Edit
from tests.infrastructure.release.expected_plan import (
    IN_PRODUCTION,
    as_json,
    as_list,
    ordered,
)
from tests.infrastructure.release.forked_reader import forked_reader
from tests.infrastructure.release.repository_of_tests import QUERY, new_repository
from tests.infrastructure.release.table_of_commits import CASES, LOADS
from tests.repository.tree import ROOT
from tests.samples.git_repository import Repository
from tests.servers.python import python


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("house") / "repository")


@pytest.fixture(scope="module")
def content(repository: Repository) -> Iterator[Callable[[str], Content]]:
    """Return a function that reads a commit."""
    clone = Clone(repository.folder)
    with (
        forked_reader(repository.folder.parent) as run_script,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(code, "_run_script", run_script)
        yield cache(lambda name: Content.of(clone, clone.commit(name)))


def committed(repository: Repository, edit: Edit) -> str:
    """Return the commit that an edit of the house makes."""
    repository.git("switch", "--quiet", "--detach", "house")
    edit(repository)
    is_new = repository.git("rev-parse", "HEAD") != repository.git("rev-parse", "house")
    if not is_new or repository.git("status", "--porcelain"):
        repository.commit()
    return repository.git("rev-parse", "HEAD")


def data_of(content: Content, production: Production) -> dict[str, Any]:
    return ordered(json.loads(json.dumps(as_data(ReleasePlan.of(content, production)))))


@pytest.mark.parametrize("name", CASES)
def test_the_plan_of_a_commit(repository, content, name):
    case = CASES[name]
    commit = committed(repository, case.edit)
    base = repository.git("rev-parse", case.since)
    production = Production.after_release(content(base), Clone(repository.folder))
    assert data_of(content(commit), production) == as_json(case.expected, base, commit)


def test_the_plan_of_the_first_commit_ever(repository, content):
    """CloudFormation has the stack, with an image that was made by hand."""
    first, clone = content("house"), Clone(repository.folder)
    by_hand = PlatformStack.made_from("data-platform", first.template, "repository:0")
    production = Production((), by_hand, Images("repository", frozenset(), clone), "")
    found = data_of(first, production)
    assert found["image"] == {
        "name": f"repository:{first.commit}",
        "build": True,
        "why": ["production has no image yet"],
    }
    assert found["deployments"] == {
        "create": IN_PRODUCTION,
        **{"update": {}, "delete": [], "unchanged": []},
    }
    assert found["stack"]["differences"] == as_list(
        {"ImageUri": ("repository:0", f"repository:{first.commit}")}
    )
    assert set(found["flows"]) == {*LOADS, "ping", "export"}
    assert set(found["flows"]["export"]) == {
        *(".dockerignore", "Dockerfile", "pyproject.toml", "uv.lock"),
        *("flows/__init__.py", "flows/export.py", "pipelines/__init__.py"),
        *(
            "pipelines/export.py",
            "sources/__init__.py",
            "sources/redshift/sql_files.py",
        ),
        *(QUERY, "utils/__init__.py", "utils/log.py"),
    }
    assert found["schedules_removed"] == [] and found["changes"]


def test_a_base_that_cannot_be_loaded_here_is_compared_even_so(
    repository, content, monkeypatch, capsys
):
    """Plans a pull request that removes a package."""
    repository.git("switch", "--quiet", "--detach", "house")
    code = repository.read("flows/ping.py")
    repository.write({"flows/ping.py": f"import a_package_that_is_gone\n{code}"})
    base = repository.commit("With a package")
    repository.write({"flows/ping.py": code})
    repository.commit("Without it")
    monkeypatch.chdir(repository.folder)

    app(["plan", "--base", base, "--json"])

    plan = json.loads(capsys.readouterr().out)
    assert plan["flows"] == {"ping": ["flows/ping.py"]}
    assert list(plan["deployments"]["update"]) == IN_PRODUCTION


def test_the_command_prints_the_same(repository, tmp_path):
    """Runs without AWS, and without Prefect's server."""
    base = repository.git("rev-parse", "house")
    commit = committed(repository, (case := CASES["a source and a schedule"]).edit)
    done = subprocess.run(
        [
            *(python(), "-P", "-m", "infrastructure.release", "plan", "--json"),
            *("--base", "house", "--summary", str(tmp_path / "summary.md")),
        ],
        cwd=repository.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert ordered(json.loads(done.stdout)) == as_json(case.expected, base, commit)
    assert (tmp_path / "summary.md").read_text().startswith("**Release of commit ")


def test_one_of_two_schedules_at_the_same_time_goes():
    when = {"cron": "0 7 * * *", "timezone": "Europe/Berlin"}
    twins = [when | {"slug": slug, "parameters": {}} for slug in ("a", "b")]
    there = ServerDeployment("orders", "production", {"schedules": twins})
    wanted = ServerDeployment("orders", "production", {"schedules": twins[1:]})
    update = (Update(wanted, there, ()),)
    plan = ReleasePlan("", None, None, None, (), update, (), (), {})
    assert plan.schedules_removed == (("orders/production", when),)
