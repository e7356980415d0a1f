"""The server's version: it fits the client, and Dependabot alone never breaks that.

In copies of this repository uv.lock has another Prefect, as Dependabot would change it.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from infrastructure import server_version
from infrastructure.server_version import COMMAND, FILES, IMAGE, fits
from tests.repository.tree import ROOT
from tests.servers.python import python
from utils.errors import ClearError

# The patch after the server's, which may be newer than the client's.
MINOR, _, PATCH = server_version.server_version().rpartition(".")
NEXT = f"{MINOR}.{int(PATCH) + 1}"
LOCKED = re.compile(r'(?<=\nname = "prefect"\nversion = ")[\d.]+')


def bump(clone: Path) -> None:
    """Give uv.lock this patch of Prefect, and nothing else."""
    lock = clone / "uv.lock"
    changed, times = LOCKED.subn(NEXT, lock.read_text())
    assert times == 1
    lock.write_text(changed)


def run(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a copy of this repository."""
    module = COMMAND.removeprefix("uv run python ").split()
    return subprocess.run(
        [python(), *module, *arguments], cwd=clone, capture_output=True, text=True
    )


def named(clone: Path) -> set[str]:
    """Return the versions of the server that files of a copy name."""
    texts = [(clone / name).read_text() for name in FILES]
    return {found for text in texts for _, found in IMAGE.findall(text)}


def test_the_server_fits_the_client():
    server_version.check()


def test_every_file_that_names_the_servers_image_is_known():
    naming = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "infrastructure").rglob("*")
        if path.suffix in (".yml", ".yaml") and "prefecthq/prefect:" in path.read_text()
    }
    assert naming == set(FILES)


@pytest.mark.parametrize(
    ("server", "client", "fit"),
    [
        ("3.8.8", "3.8.8", True),
        ("3.8.10", "3.8.9", True),
        ("3.8.9", "3.8.10", False),
        ("3.9.0", "3.8.8", False),
        ("3.7.9", "3.8.8", False),
        ("4.8.8", "3.8.8", False),
    ],
)
def test_a_server_is_not_older_than_its_client(server, client, fit):
    assert fits(server, client) == fit


def test_a_new_client_alone_is_refused_and_a_command_adds_the_server(
    clone, monkeypatch
):
    bump(clone)
    monkeypatch.setattr(server_version, "ROOT", clone)
    with pytest.raises(ClearError, match=re.escape(f"Run `{COMMAND}`")):
        server_version.check()

    done = run(clone)

    assert done.returncode == 0, done.stderr
    assert named(clone) == {NEXT}
    assert "Upgrade the server before the client" in done.stdout
    server_version.check()


def test_the_server_may_be_upgraded_before_its_client(clone, monkeypatch):
    monkeypatch.setattr(server_version, "ROOT", clone)
    assert run(clone, NEXT).returncode == 0
    assert named(clone) == {NEXT}
    server_version.check()
    # without a version the command takes none away
    assert run(clone).returncode == 0
    assert named(clone) == {NEXT}
    bump(clone)
    server_version.check()


@pytest.mark.parametrize("wrong", ["3.8.0", "3.99.0", "latest"])
def test_a_server_that_does_not_fit_is_not_written(clone, wrong):
    before = named(clone)
    done = run(clone, wrong)
    assert done.returncode == 1 and wrong in done.stderr
    assert named(clone) == before


def test_files_that_differ_are_told_and_can_be_repaired(clone, monkeypatch):
    bump(clone)
    monkeypatch.setattr(server_version, "ROOT", clone)
    compose = clone / FILES[0]
    compose.write_text(IMAGE.sub(rf"\g<1>{NEXT}", compose.read_text()))
    with pytest.raises(ClearError, match="do not name one version"):
        server_version.check()
    assert run(clone).returncode == 0
    server_version.check()


def test_dependabot_changes_prefect_in_a_pull_request_of_its_own():
    """Groups may not overlap, because Dependabot takes any that fits."""
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())
    (groups,) = [
        each["groups"]
        for each in updates["updates"]
        if each["package-ecosystem"] == "uv"
    ]
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (project,) = [each for each in packages if "virtual" in each["source"]]
    declared = {each["name"] for each in project["dependencies"]}
    for group in project["dev-dependencies"].values():
        declared |= {each["name"] for each in group}
    assert len(declared) > 40
    for name in declared:
        fitting = [
            group
            for group, rule in groups.items()
            if any(fnmatch(name, each) for each in rule["patterns"])
            and not any(fnmatch(name, e) for e in rule.get("exclude-patterns", ()))
        ]
        of_prefect = name in ("prefect", "prefect-aws")
        assert fitting == (["prefect"] if of_prefect else ["packages"]), name
