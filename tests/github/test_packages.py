"""What jobs with AWS keys install, in a fresh environment: enough for a release, and no more.

uv takes the packages from its cache, where installing the tests' own has put them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infrastructure.locks import image_packages
from tests.github.repository import GitHub, new_repository
from tests.github.runner import BASH, jobs_of
from tests.repository.tree import ROOT

pytestmark = pytest.mark.slow

JOBS = [("main", "deploy"), ("rollback", "rollback"), ("ci", "plan")]
# Modules that the jobs run, and those that their commands import later.
MODULES = ["infrastructure.release", "infrastructure.prefect_access", "blocks"]


def installs(workflow: str, name: str) -> tuple[dict[str, str], str]:
    """Return a job's environment, and the command by which it installs packages."""
    job = jobs_of(workflow)[name]
    (command,) = [
        each["run"] for each in job["steps"] if each.get("name") == "Packages"
    ]
    return job["env"], command


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> GitHub:
    github = new_repository(tmp_path_factory.mktemp("github"))
    github.change("flows/hello_world.py", "Host %s", "Another host: %s")
    github.commit("A flow says something else")
    return github


@pytest.fixture(scope="module")
def environment(github: GitHub) -> dict[str, str]:
    """The variables of a job whose packages are installed."""
    given, command = installs("main", "deploy")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VIRTUAL_ENV", "UV_PROJECT", "PREFECT_"))
    }
    # the job's version of Python need not be here
    own = given | {"UV_OFFLINE": "1", "UV_PYTHON": sys.executable}
    own["PREFECT_HOME"] = str(github.folder / "prefect")
    subprocess.run(
        [*BASH, "-c", command], cwd=github.origin, env=kept | own, check=True
    )
    return kept | own


def run(github: GitHub, environment: dict[str, str], command: str) -> str:
    done = subprocess.run(
        [*BASH, "-c", command],
        cwd=github.origin,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_of_these_jobs_install_the_same():
    given = [installs(*each) for each in JOBS]
    assert all(each == given[0] for each in given)
    assert given[0][0]["UV_NO_DEV"] == given[0][0]["UV_LOCKED"] == "1"


def test_no_development_package_is_there(github, environment):
    """Only the image's packages and those of the group `release`."""
    code = "from infrastructure.licences import installed; print(*installed())"
    there = {*run(github, environment, f"uv run python -c '{code}'").split()}
    with (ROOT / "pyproject.toml").open("rb") as file:
        groups = tomllib.load(file)["dependency-groups"]
    of_release = {re.match(r"[\w-]+", each)[0] for each in groups["release"]}
    assert of_release <= there
    assert there - image_packages(ROOT) == of_release
    assert not {"pytest", "moto", "black", "mypy"} & there


def test_a_release_is_planned(github, environment):
    plan = "uv run python -m infrastructure.release plan --base HEAD~1"
    assert "flows/hello_world.py" in run(github, environment, plan)


@pytest.mark.parametrize("package", ["infrastructure.release", "blocks", "utils"])
def test_every_module_of_a_release_can_be_imported(github, environment, package):
    """Some import others only when they are called."""
    folder = Path(*package.split("."))
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name not in ("__main__.py", "read_tree.py")
    ]
    assert len(modules) > 5
    code = "import sys\nfor each in sys.argv[1:]: __import__(each)"
    run(github, environment, f"uv run python -c '{code}' {' '.join(modules)}")


@pytest.mark.parametrize("module", MODULES)
def test_every_command_of_the_jobs_starts(github, environment, module):
    assert (
        "Usage" in run(github, environment, f"uv run python -m {module} --help").title()
    )
