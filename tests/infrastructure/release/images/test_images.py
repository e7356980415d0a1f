"""Images by their content: which one a release uses, and which one the worker gets."""

from __future__ import annotations

import subprocess

import pytest

from infrastructure.release.git import Clone
from infrastructure.release.images import (
    Images,
    content_of,
    for_worker,
    read_content,
    repository_of,
    tag_of,
)
from tests.samples.git_repository import Repository

REGISTRY = "registry/shop"


@pytest.fixture
def repository(tmp_path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.write(
        {
            ".dockerignore": "*\n!flows\n!utils\n!uv.lock",
            "flows/a.py": "a",
            "utils/log.py": "l",
            "uv.lock": "one",
        }
    )
    repository.commit()
    return repository


def tag(repository: Repository, commit: str = "HEAD") -> str:
    return read_content(Clone(repository.folder), commit)


def test_a_name_is_a_repository_and_a_tag():
    name = Images(REGISTRY, frozenset()).name_of("a-b")
    assert (repository_of(name), tag_of(name)) == (REGISTRY, "a-b")


def test_an_image_of_another_repository_is_not_this_projects():
    found = Images(REGISTRY, frozenset({"a-b"}))
    assert found.has(f"{REGISTRY}:a-b")
    assert not found.has("registry/other:a-b") and not found.is_own("registry/other:a")


def test_the_same_content_has_the_same_tag(repository):
    """After documentation, a change and its revert, and other commits of the same files."""
    first = tag(repository)
    repository.write({"README.md": "A word"})
    repository.commit()
    assert tag(repository) == first
    repository.write({"flows/a.py": "b"})
    repository.commit()
    assert tag(repository) != first
    repository.git("revert", "--no-edit", "HEAD")
    assert tag(repository) == first
    repository.git("commit", "--amend", "--quiet", "--message", "Told otherwise")
    assert tag(repository) == first


def test_a_shallow_clone_has_the_same_tag(repository, tmp_path):
    repository.write({"README.md": "A word"})
    repository.commit()
    shallow = tmp_path / "shallow"
    source = f"file://{repository.folder}"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", source, str(shallow)], check=True
    )
    assert read_content(Clone(shallow), "HEAD") == tag(repository)


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("flows/a.py", (False, True)),
        ("flows/new.py", (False, True)),
        ("utils/log.py", (True, False)),
        ("uv.lock", (True, False)),
        (".dockerignore", (True, False)),
        ("README.md", (False, False)),
    ],
)
def test_each_part_of_a_tag_is_of_its_files(repository, path, changed):
    before = tag(repository).split("-")
    text = repository.read(path) if (repository.folder / path).exists() else ""
    repository.write({path: f"{text}\n# more\n"})
    repository.commit()
    after = tag(repository).split("-")
    assert tuple(a != b for a, b in zip(before, after, strict=True)) == changed


def test_an_image_for_another_processor_has_another_tag(repository):
    clone = Clone(repository.folder)
    x86, arm = (read_content(clone, "HEAD", each) for each in ("X86_64", "ARM64"))
    assert x86 == tag(repository)
    assert x86.split("-")[0] != arm.split("-")[0]


def test_a_file_that_became_executable_or_moved_is_another_content(repository):
    first = tag(repository)
    repository.git("update-index", "--chmod=+x", "flows/a.py")
    repository.git("commit", "--quiet", "--message", "Executable")
    executable = tag(repository)
    repository.git("mv", "flows/a.py", "flows/b.py")
    repository.git("commit", "--quiet", "--message", "Moved")
    assert len({first, executable, tag(repository)}) == 3


def choose(wanted: str, known: str, there: str) -> tuple[str, bool]:
    """Return the tag of the chosen image, and whether it is to be built."""
    images = Images(REGISTRY, frozenset(there.split()))
    choice = images.choose(wanted, [f"{REGISTRY}:{each}" for each in known.split()])
    return tag_of(choice.name), choice.build


@pytest.mark.parametrize(
    ("wanted", "known", "there", "expected"),
    [
        ("a-b", "", "", ("a-b", True)),
        ("a-b", "", "a-b", ("a-b", False)),
        ("a-b", "a-b", "a-b", ("a-b", False)),
        ("a-b", "a-c", "a-c", ("a-b", True)),
        # it was deleted
        ("a-b", "a-b", "", ("a-b", True)),
        # built again with the base's patches
        ("a-b", "a-b a-b-2026", "a-b a-b-2026", ("a-b-2026", False)),
        ("a-b-2026", "a-b", "a-b", ("a-b-2026", True)),
        ("a-b-2026", "a-b", "a-b a-b-2026", ("a-b-2026", False)),
        ("a-b-2026", "a-b-2025", "a-b-2025", ("a-b-2026", True)),
        # of another project
        ("a-b", "a-b", "x-y", ("a-b", True)),
    ],
)
def test_what_is_there_is_not_built_again(wanted, known, there, expected):
    assert choose(wanted, known, there) == expected


@pytest.mark.parametrize(
    ("current", "chosen", "stays"),
    [
        ("w-a", "w-b", True),
        ("w-a", "v-a", False),
        ("w-a", "w-a-2026", False),
        ("w-a-2026", "w-b", True),
        ("w-a-2026", "w-b-2027", False),
        # made by hand
        ("latest", "w-a", False),
    ],
)
def test_the_worker_keeps_its_image_while_what_it_needs_stays(current, chosen, stays):
    names = [f"{REGISTRY}:{each}" for each in (current, chosen)]
    assert for_worker(*names) == names[0 if stays else 1]


def test_the_patches_are_no_content():
    assert content_of("a-b-2026") == content_of("a-b") == "a-b"
