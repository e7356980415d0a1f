"""Edits of the repository of repository_of_tests.py."""

from __future__ import annotations

from typing import Any, Callable

from tests.samples.git_repository import Repository

Edit = Callable[[Repository], Any]


def append(path: str, text: str = "\n# changed\n") -> Edit:
    return lambda there: there.write({path: there.read(path) + text})


def replace(path: str, old: str, new: str) -> Edit:
    return lambda there: there.replace(path, old, new)


def write(files: dict[str, str]) -> Edit:
    return lambda there: there.write(files)


def remove(*paths: str) -> Edit:
    return lambda there: [there.remove(path) for path in paths]


def all_of(*edits: Edit) -> Edit:
    return lambda there: [edit(there) for edit in edits]


def commits(*edits: Edit) -> Edit:
    """Return an edit that makes a commit of each edit."""
    return lambda there: [(edit(there), there.commit()) for edit in edits]


def git(*arguments: str) -> Edit:
    return lambda there: there.git(*arguments)


def two_branches(one: Edit, other: Edit) -> Edit:
    """Return an edit that makes two branches of one commit each, and merges them."""
    return all_of(
        *(git("switch", "-q", "-c", "one"), commits(one)),
        *(git("switch", "-q", "-c", "other", "house"), commits(other)),
        git("merge", "-q", "--no-ff", "--no-edit", "one"),
    )
