"""Images of commits: which one a release uses, and which one the worker gets."""

from __future__ import annotations

import pytest

from infrastructure.release.git import Clone
from infrastructure.release.images import Images, commit_of, repository_of
from tests.samples.git_repository import Repository

REGISTRY = "registry/shop"


@pytest.fixture
def repository(tmp_path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write({".dockerignore": "*\n!flows\n!uv.lock", "flows/a.py": "a"})
    return repository


@pytest.fixture
def first(repository) -> str:
    return repository.commit()


def images(repository: Repository, *commits: str) -> Images:
    """Return the project's images, with those of these commits in the repository."""
    return Images(REGISTRY, frozenset(commits), Clone(repository.folder))


def test_a_name_is_a_repository_and_a_commit(repository):
    name = images(repository).image_of("abc")
    assert (repository_of(name), commit_of(name)) == (REGISTRY, "abc")


def test_an_image_of_another_repository_is_not_this_projects(repository):
    found = images(repository, "abc")
    assert found.has(f"{REGISTRY}:abc")
    assert not found.has("registry/other:abc") and not found.is_own("registry/other:a")


def test_the_first_image_is_built(repository, first):
    choice = images(repository).choose(first, [])
    assert choice.build and choice.why
    assert not images(repository, first).choose(first, []).build


def test_an_image_stays_unless_its_files_change(repository, first):
    current = f"{REGISTRY}:{first}"
    repository.write({"README.md": "A word"})
    documented = repository.commit()
    repository.write({"flows/a.py": "b"})
    changed = repository.commit()
    found = images(repository, first)

    kept = found.choose(documented, [current])
    built = found.choose(changed, [current])

    assert (kept.name, kept.build, kept.why) == (current, False, ())
    assert (built.name, built.build) == (f"{REGISTRY}:{changed}", True)
    assert built.why == ("flows/a.py",)


@pytest.mark.parametrize(
    "commit, in_repository, reason",
    [("0" * 40, True, "not in this clone"), ("", False, "not in the image repository")],
)
def test_an_image_that_cannot_be_used_has_a_reason(
    repository, first, commit, in_repository, reason
):
    current = commit or first
    found = images(repository, *([current] if in_repository else []))
    assert reason in found.choose(first, [f"{REGISTRY}:{current}"]).why[0]


def test_the_worker_keeps_its_image_while_the_libraries_stay(repository, first):
    current = f"{REGISTRY}:{first}"
    found = images(repository)
    repository.write({"flows/a.py": "b"})
    code = found.choose(repository.commit(), [current])
    repository.write({"uv.lock": "newer"})
    libraries = found.choose(repository.commit(), [current])

    assert found.for_worker(current, code) == current
    assert found.for_worker(current, libraries) == libraries.name
    assert found.for_worker("elsewhere:1", code) == code.name
