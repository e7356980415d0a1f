"""The list of packages: all that the locks name, and who checks their hashes."""

from __future__ import annotations

import shutil

import pytest

from infrastructure.locks import (
    ACTIONS,
    DEVELOPMENT,
    IMAGE,
    LOCK,
    ROOT,
    TOOLS,
    TOOLS_OF_CI,
    UV,
    WORKFLOWS,
    pinned,
)
from infrastructure.packages import NOBODY, table

NAMED = {
    ("parsons", IMAGE): "uv, uv.lock; built by the locked setuptools",
    ("pytest", DEVELOPMENT): "uv, uv.lock",
    ("kingfisher-bin", TOOLS): "uv, .ci/tools/secrets.txt",
    ("uv", TOOLS): "pip, .ci/requirements.txt",
    ("actions/checkout", WORKFLOWS): "GitHub, the commit in the workflow",
}


def test_every_hash_is_checked():
    found = {(each.name, each.used_in): each.checked for each in pinned()}
    assert found.items() >= NAMED.items()
    assert len(found) > 300
    assert [name for name, checked in found.items() if not checked] == []


def test_the_table_has_a_line_for_each():
    text = table()
    lines = text.splitlines()
    assert len(lines) == len(list(pinned())) + 1
    (parsons,) = [line for line in lines if line.startswith("parsons ")]
    assert "Apache-2.0" in parsons
    assert NOBODY not in text


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (LOCK, ', hash = "sha256:', ', no-hash = "sha256:'),
        (f"{TOOLS_OF_CI}/workflows.txt", "--hash=sha256:", "--hash=md5:"),
        (UV, "--hash=sha256:", "# "),
        (f"{ACTIONS}/ci.yaml", "actions/checkout@9c091bb", "actions/checkout@v7 # "),
    ],
)
def test_what_nobody_checks_is_found(tmp_path, path, old, new):
    for folder in (ACTIONS, ".ci"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for name in (LOCK, "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    file = tmp_path / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    assert [each for each in pinned(tmp_path) if not each.checked]
