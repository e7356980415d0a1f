"""What speaks against a release: commits that it lacks, and what was taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infrastructure.release.git import Clone
from infrastructure.release.objections import objections
from infrastructure.release.releases import Record, Release
from tests.samples.git_repository import Repository


@pytest.fixture
def repository(tmp_path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write({"flows/a.py": "a", "README.md": "r"})
    repository.commit("Good")
    repository.git("tag", "good")
    repository.write({"flows/a.py": "bad"})
    repository.commit("Bad")
    repository.git("tag", "bad")
    return repository


def release(commit: str, takes_back: str = "") -> Release:
    made = Release.now(commit, "shop:1", "X86_64", takes_back)
    return replace(made, state="finished")


def against(repository: Repository, *releases: Release) -> list[str]:
    """Return the objections to the checked-out commit, the newest release last."""
    clone = Clone(repository.folder)
    return list(objections(clone, clone.commit(), Record((*reversed(releases),))))


@pytest.fixture
def commits(repository) -> tuple[str, str]:
    return repository.git("rev-parse", "good"), repository.git("rev-parse", "bad")


@pytest.fixture
def rolled_back(commits) -> tuple[Release, ...]:
    good, bad = commits
    return release(good), release(bad), release(good, takes_back=bad)


def test_nothing_speaks_against_a_commit_on_top(repository, commits):
    good, bad = commits
    assert against(repository) == []
    assert against(repository, release(good)) == against(repository, release(bad)) == []


def test_an_older_commit(repository, commits):
    good, bad = commits
    repository.git("switch", "--quiet", "--detach", "good")
    (told,) = against(repository, release(bad))
    assert f"{good} is older than the latest release, {bad}" in told
    assert "`rollback`" in told


def test_a_branch_that_lacks_what_is_released(repository, commits):
    _, bad = commits
    repository.git("switch", "--quiet", "--detach", "good")
    repository.write({"README.md": "another"})
    repository.commit("Beside")
    (told,) = against(repository, release(bad))
    assert f"lacks 1 of the commits of the latest release, {bad}" in told


def test_a_release_that_the_clone_does_not_have(repository):
    (told,) = against(repository, release("0" * 40))
    assert "not in this clone" in told and "`git fetch --unshallow`" in told


def test_what_was_taken_back_is_told_until_it_is_reverted(
    repository, commits, rolled_back
):
    _, bad = commits
    repository.write({"README.md": "more"})
    repository.commit("Documentation")
    (told,) = against(repository, *rolled_back)
    assert f"{bad} was taken back" in told and f"`git revert {bad[:12]}`" in told

    repository.git("revert", "--no-edit", "bad")
    assert against(repository, *rolled_back) == []
    # by git's words, although the file differs again
    repository.write({"flows/a.py": "a new one"})
    repository.commit("On it goes")
    assert against(repository, *rolled_back) == []


def test_a_revert_by_hand_is_known_by_its_files(repository, rolled_back):
    repository.write({"flows/a.py": "a"})
    repository.commit("As it was")
    assert against(repository, *rolled_back) == []


def test_a_branch_without_it_has_nothing_to_revert(repository, rolled_back):
    repository.git("switch", "--quiet", "--detach", "good")
    repository.write({"README.md": "more"})
    repository.commit("Beside")
    assert against(repository, *rolled_back) == []


def test_whoever_insisted_once_need_not_insist_again(repository, commits, rolled_back):
    _, bad = commits
    assert len(against(repository, *rolled_back)) == 1
    assert against(repository, *rolled_back, release(bad)) == []


def test_a_second_rollback_is_told_again(repository, commits, rolled_back):
    good, bad = commits
    twice = (*rolled_back, release(bad), release(good, takes_back=bad))
    assert len(against(repository, *twice)) == 1
