"""Docker's rules for `.dockerignore`, and what they make of this repository's."""

from __future__ import annotations

import subprocess

import pytest

from infrastructure.release.images.files import image_files
from tests.repository.tree import ROOT
from tests.servers.images import CLUTTER

DOCKERIGNORE = (ROOT / ".dockerignore").read_text()
CODE = ("flows/", "infrastructure/control_plane/", "pipelines/", "sources/", "utils/")


@pytest.mark.parametrize(
    "dockerignore, path, is_in_it",
    [
        ("", "README.md", True),
        ("*", "README.md", False),
        ("*", "a/b/c", False),
        ("*/temp*", "somedir/temporary.txt", False),
        ("*/temp*", "somedir/temp/file", False),
        ("*/temp*", "a/b/temporary.txt", True),
        ("temp?", "tempa", False),
        ("temp?", "temp", True),
        ("**/*.go", "a.go", False),
        ("**/*.go", "a/b/c.go", False),
        ("*.md\n!README.md", "README.md", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", False),
        ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", True),
        ("*\n!flows", "flows/a/b.py", True),
        ("*\n!flows/a", "flows/b", False),
        # Every folder above counts, not only one as deep as the pattern.
        ("**/.*", "flows/a/b/.hidden/c/d", False),
        ("**/__pycache__", "flows/a/b/__pycache__/c.pyc", False),
        (".*", "flows/a.py", True),
        ("/flows/", "flows/a.py", False),
        ("  flows  ", "flows/a.py", False),
        ("./flows/../flows", "flows/a.py", False),
        (".", "flows/a.py", True),
        ("# flows\n\n   \n", "# flows", True),
        ("\ufeffflows", "flows/a.py", False),
        ("readme.md", "README.md", True),
        ("[a-c].py", "b.py", False),
        ("*", "Dockerfile", True),
        ("*", ".dockerignore", True),
        ("*", "flows/Dockerfile", False),
    ],
)
def test_the_rules(dockerignore, path, is_in_it):
    assert image_files([path], dockerignore) == ({path} if is_in_it else set())


def test_this_repositorys_files():
    """tests/repository/test_image.py finds the same in the image."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    files = set(filter(None, listed.stdout.split("\0")))
    assert image_files(files, DOCKERIGNORE) == {
        *("pyproject.toml", "uv.lock", ".dlt/config.toml", ".ci/requirements.txt"),
        *("Dockerfile", ".dockerignore", "NOTICE", "infrastructure/__init__.py"),
        *("infrastructure/compose.yaml", "infrastructure/compose.machine.yaml"),
        "infrastructure/lease_storage.py",
        "infrastructure/server_pulse.py",
        *(file for file in files if file.startswith(CODE)),
    }


def test_a_developers_clutter_is_not_in_the_image():
    assert image_files(CLUTTER, DOCKERIGNORE) == set()
