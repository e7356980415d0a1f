"""Commits of a real repository, read independently of its working tree."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from infrastructure.release.git import Clone, GitError
from tests.samples.git_repository import ENVIRONMENT, Repository


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in set(os.environ) - set(ENVIRONMENT):
        monkeypatch.delenv(name)
    # A repository around the tests' folder is none of theirs.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return Repository(tmp_path / "repository")


@pytest.fixture
def clone(repository):
    return Clone(repository.folder)


@pytest.fixture
def two_commits(repository):
    repository.write({"README.md": "one", "flows/a.py": "a", "flows/b.py": "b"})
    first = repository.commit()
    repository.write({"README.md": "two"})
    return first, repository.commit()


def test_a_commit_has_many_names(repository, clone, two_commits):
    first, second = two_commits
    repository.git("tag", "v1", first)
    repository.git("tag", "--annotate", "v2", "--message", "A tag", second)
    assert clone.commit() == clone.commit("main") == clone.commit("v2") == second
    assert clone.commit("HEAD~1") == clone.commit("v1") == clone.commit(first) == first
    assert clone.commit(first[:12]) == first


@pytest.mark.parametrize("name", ["nobody", "0" * 40, "", "--all", "HEAD:README.md"])
def test_a_name_that_is_not_a_commit(clone, two_commits, name):
    with pytest.raises(GitError, match=f"{name} is not a commit in .*repository. Give"):
        clone.commit(name)
    with pytest.raises(GitError, match="is not a commit"):
        clone.changed_files(name, "HEAD")
    assert clone.find(name) is None


def test_a_repository_without_commits(clone):
    with pytest.raises(GitError, match="HEAD is not a commit"):
        clone.commit()


def test_a_clone_knows_its_commits(clone, two_commits):
    for commit in two_commits:
        assert clone.find(commit) == clone.find(commit[:8]) == commit
    assert clone.find("0123456789" * 4) is clone.find("main") is None


def test_a_folder_that_is_not_a_repository(repository):
    (folder := repository.folder.parent / "other").mkdir()
    with pytest.raises(GitError, match="other: .*not a git repository.* Run this in a"):
        Clone(folder).commit()


def test_git_is_missing(clone, two_commits, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="no program `git` on PATH"):
        clone.commit()


def test_a_shallow_clone_says_how_to_get_the_rest(repository, two_commits, tmp_path):
    first, second = two_commits
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", repository.folder.as_uri(), "shallow"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        check=True,
    )
    shallow = Clone(tmp_path / "shallow")
    assert shallow.commit() == second
    assert shallow.changed_files(None, second) == {"README.md", *CODE}
    for ask in (shallow.commit, lambda name: shallow.changed_files(name, second)):
        with pytest.raises(GitError, match=f"{first} .*--unshallow`.*`fetch-depth: 0`"):
            ask(first)


CODE = {"flows/a.py", "flows/b.py"}
ODD = 'a b/"ü"\n.txt'


def test_changed_files(repository, clone, two_commits):
    first, second = two_commits
    repository.git("mv", "flows/a.py", "flows/renamed.py")
    repository.remove("flows/b.py")
    (repository.folder / "README.md").chmod(0o755)
    repository.write({ODD: "new"})
    third = repository.commit()

    assert clone.changed_files(first, second) == {"README.md"}
    assert clone.changed_files(second, third) == {
        *("README.md", "flows/a.py", "flows/b.py", "flows/renamed.py", ODD)
    }
    assert clone.changed_files(third, second) == clone.changed_files(second, third)
    assert clone.changed_files(third, third) == set()
    assert clone.changed_files(None, first) == {"README.md", *CODE}
    assert clone.changed_files(None, third) == {"README.md", "flows/renamed.py", ODD}
    assert clone.changed_files(second, repository.commit("Nothing")) == (
        clone.changed_files(second, third)
    )


def test_a_revert_changes_nothing(repository, clone, two_commits):
    first, _ = two_commits
    repository.git("revert", "--no-edit", "HEAD")
    assert clone.changed_files(first, "HEAD") == set()


def test_a_tree_has_the_files_of_its_commit(repository, clone, two_commits):
    (repository.folder / "flows" / "a.py").chmod(0o755)
    (repository.folder / "link").symlink_to("flows/a.py")
    third = repository.commit()
    repository.write({"README.md": "not committed", "flows/new.py": "nor this"})

    with clone.tree(third) as tree:
        files = {str(path.relative_to(tree)) for path in tree.rglob("*.*")}
        assert files == {"README.md", *CODE}
        assert (tree / "README.md").read_text() == "two"
        assert os.access(tree / "flows" / "a.py", os.X_OK)
        assert (tree / "link").readlink() == Path("flows/a.py")
    assert not tree.parent.exists()
    with clone.tree(two_commits[0]) as tree:
        assert (tree / "README.md").read_text() == "one"
    assert repository.git("status", "--porcelain") == "M README.md\n?? flows/new.py"


def test_a_link_that_leads_out_of_a_tree(repository, clone):
    (repository.folder / "link").symlink_to("/etc/hosts")
    repository.commit("A link")
    with pytest.raises(GitError, match="link that leads out of it: 'link' is a link"):
        with clone.tree("HEAD"):
            pass


def test_a_commit_contains_those_that_led_to_it(repository, clone, two_commits):
    first, second = two_commits
    assert clone.contains(second, first) and clone.contains(second, second)
    assert not clone.contains(first, second)
    repository.git("switch", "--quiet", "--detach", first)
    aside = repository.commit("Aside\n\nIn two paragraphs.")
    assert not clone.contains(aside, second) and not clone.contains(second, aside)
    between = clone.commits_between(second, aside)
    assert between == {aside: "Aside\n\nIn two paragraphs."}
    assert clone.commits_between(aside, first) == {}


def test_the_files_of_a_commit_have_their_modes_and_contents(clone, two_commits):
    first, second = (clone.blobs(commit) for commit in two_commits)
    assert first.keys() == second.keys() == {"README.md", "flows/a.py", "flows/b.py"}
    same = {path for path in first if first[path] == second[path]}
    assert same == {"flows/a.py", "flows/b.py"}
    assert first["flows/a.py"].startswith("100644 blob ")


def test_a_file_of_a_commit(repository, clone, two_commits):
    first, second = two_commits
    repository.write({"README.md": "not committed"})
    assert (clone.text(first, "README.md"), clone.text(second, "README.md")) == (
        *("one", "two"),
    )
    with pytest.raises(GitError, match=f"The commit {second} has no file prefect.yaml"):
        clone.text("HEAD", "prefect.yaml")
    with pytest.raises(GitError, match="has no file flows"):
        clone.text("HEAD", "flows")


def test_a_file_that_is_not_utf_8(repository, clone):
    (repository.folder / "prefect.yaml").write_bytes("ü".encode("latin-1"))
    repository.commit()
    with pytest.raises(GitError, match="prefect.yaml of the commit .* is not UTF-8"):
        clone.text("HEAD", "prefect.yaml")


def test_a_project_in_a_folder_of_a_repository(repository, two_commits):
    repository.write({"flows/a.py": "changed"})
    third = repository.commit()
    clone = Clone(repository.folder / "flows")
    assert clone.changed_files(two_commits[0], third) == {"a.py"}
    assert clone.changed_files(None, third) == {"a.py", "b.py"}
    assert clone.text(third, "a.py") == "changed"
    with clone.tree(third) as tree:
        assert {path.name for path in tree.iterdir()} == {"a.py", "b.py"}


def test_uncommitted_files(repository):
    clone = Clone(repository.folder)
    assert clone.uncommitted() == []
    repository.write({"a new file.txt": "x", "another/one.txt": "y"})
    assert clone.uncommitted() == ["a new file.txt", "another/"]
