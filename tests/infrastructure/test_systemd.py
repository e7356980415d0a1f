"""Units of infrastructure/systemd: systemd understands them, and they start what is told."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.infrastructure.systemd_units import UNITS, installed_units, service, words
from tests.repository.tree import ROOT
from tests.servers.programs import program


def test_systemd_understands_the_units(tmp_path):
    """In a clone whose path has a space. systemd only warns of what it ignores."""
    verify = program("systemd-analyze")
    clone = tmp_path / "a clone"
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to("/bin/true")
    units = installed_units(clone, tmp_path / "units")
    found = subprocess.run(
        [verify, "--user", "verify", *units],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["server", "worker", "watch"])
def test_units_start_the_commands_of_the_readme(name):
    assert len(UNITS) == 3
    command = " ".join(words(name)).removeprefix("-m ")
    assert f"uv run {command}" in (ROOT / "README.md").read_text().replace(
        "python -m ", ""
    )
    assert service(name)["Restart"] == "always"
    assert (name == "server") != ("PREFECT_PROFILE" in str(service(name)))
