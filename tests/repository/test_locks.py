"""Locks: a hash for all that is installed, and no build but that of parsons."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.repository.tree import ROOT

LOCK = ROOT / "uv.lock"


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def test_every_file_has_a_hash():
    packages = [p for p in read(LOCK)["package"] if "virtual" not in p["source"]]
    assert len(packages) > 50
    for package in packages:
        assert "registry" in package["source"], package["name"]
        files = package.get("wheels", []) + [package.get("sdist", {"hash": "sha256:"})]
        assert all(file["hash"].startswith("sha256:") for file in files), package


def test_only_what_has_no_wheel_may_be_built():
    without_wheel = [
        package["name"]
        for package in read(LOCK)["package"]
        if not package.get("wheels") and "virtual" not in package["source"]
    ]
    uv = read(ROOT / "pyproject.toml")["tool"]["uv"]
    assert uv["no-build"] is True
    assert uv["no-binary-package"] == uv["no-build-isolation-package"] == without_wheel


def test_ci_s_programs_come_as_locked_wheels():
    installer = (ROOT / ".ci" / "tools" / "install").read_text()
    assert "pip sync --quiet --require-hashes --only-binary :all:" in installer


def test_the_builds_setuptools_is_locked_as_a_dependency():
    (project,) = [p for p in read(LOCK)["package"] if "virtual" in p["source"]]
    assert {"name": "setuptools"} in project["dependencies"]


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Folder of a project with this one's settings, and of sources to install."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    return tmp_path


def add_source(index: Path, name: str) -> None:
    """Add a package without a wheel, whose build asks for more than is locked."""
    folder = index / f"{name}-1.0"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "a-stranger"]\n'
        'build-backend = "setuptools.build_meta"\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\n'
    )
    (folder / "PKG-INFO").write_text(
        f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n"
    )
    (folder / f"{name}.py").write_text("")
    with tarfile.open(index / f"{name}-1.0.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)


def install(index: Path, name: str) -> str:
    """Install a package with the project's settings, and return what uv said."""
    done = subprocess.run(
        [
            *("uv", "pip", "install", "--offline", "--no-index", "--find-links", "."),
            *("--python", sys.executable, "--target", "installed", name),
        ],
        cwd=index,
        env=os.environ | {"UV_CACHE_DIR": str(index / "cache")},
        capture_output=True,
        text=True,
    )
    return done.stderr


def test_a_package_without_a_wheel_is_refused(index):
    add_source(index, "pets")
    assert "Wheels are required for `pets`" in install(index, "pets")
    assert not list(index.glob("installed/pets*"))


def test_the_build_of_parsons_fetches_nothing(index):
    add_source(index, "parsons")
    said = install(index, "parsons")
    assert (index / "installed" / "parsons.py").exists(), said
