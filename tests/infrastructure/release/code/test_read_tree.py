"""Imports of a source tree, read in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from infrastructure.release.code.read_tree import CannotBeLoaded, Modules, read

PACKAGE = "read_tree_sample"
TREE = {
    "__init__.py": "",
    "a.py": f"from {PACKAGE} import b\nfrom {PACKAGE} import gone\nimport json",
    "b.py": '"""Words of a docstring/are none."""\nPATH = f"queries/{1}.sql"',
    "alone.py": "",
}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in TREE.items():
        (tmp_path / PACKAGE).mkdir(exist_ok=True)
        (tmp_path / PACKAGE / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_imports_are_those_of_existing_and_missing_modules(tree):
    modules = Modules(tree, [PACKAGE, "no_such_package"])
    assert {f"{PACKAGE}.b", f"{PACKAGE}.gone", "json"} <= modules.imported[
        f"{PACKAGE}.a"
    ]
    assert modules.imported[f"{PACKAGE}.alone"] == set()


def test_a_flow_that_cannot_be_loaded_has_a_reason(tree):
    with pytest.raises(CannotBeLoaded, match=f"no {PACKAGE}/nobody.py"):
        Modules(tree, [PACKAGE]).flow(f"{PACKAGE}.nobody.nobody")
    errors = read([PACKAGE], [f"{PACKAGE}.b.PATH", "b"])["errors"]
    assert "is not a flow" in errors[f"{PACKAGE}.b.PATH"]
    assert "not a module and a flow" in errors["b"]
