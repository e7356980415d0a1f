"""Units of infrastructure/systemd: systemd understands them, and they start what is told."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.infrastructure.systemd_units import installed_units, service, words
from tests.repository.tree import ROOT
from tests.servers.programs import program

NAMES = ("server", "watch", "worker")


def test_systemd_understands_the_units(tmp_path):
    """In a clone whose path has a space. systemd only warns of what it ignores."""
    verify = program("systemd-analyze")
    clone = tmp_path / "a clone"
    shutil.copytree(ROOT / "infrastructure/systemd", clone / "infrastructure/systemd")
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to("/bin/true")
    units = installed_units(clone, tmp_path / "home")
    assert [unit.stem for unit in units] == [f"data-platform-{each}" for each in NAMES]
    assert not any("CLONE" in unit.read_text() for unit in units)
    found = subprocess.run(
        [verify, "--user", "verify", *units],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("name", NAMES)
def test_units_start_the_commands_of_the_readme(name):
    command = " ".join(words(name)).removeprefix("-m ")
    assert f"uv run {command}" in (ROOT / "README.md").read_text().replace(
        "python -m ", ""
    )
    assert service(name)["Restart"] == "always"
    assert (name == "server") != ("PREFECT_PROFILE" in str(service(name)))
