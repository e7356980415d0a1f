"""Container images by their content: which one a release runs in, and whether to build it.

A tag is made of the files that the image is built from, as git has them, so that what is
there is never built again: not after a revert, for documentation, or in another clone. Its
first part is of what the worker needs, too, and of the processor, its second one of the flows'
code. An image with the newest patches of its base has a third part, the time of that.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Collection, Iterable

from infrastructure.release.git import Clone
from infrastructure.release.images.files import image_files
from infrastructure.release.stack import FIRST_PROCESSOR
from utils.aws.client import asking_aws, aws_client

# What the worker does not run.
FLOW_FILES = ("flows/", "pipelines/", "sources/", ".dlt/")
DIGITS = 12


@dataclass(frozen=True)
class ImageChoice:
    """The image of a release."""

    name: str
    build: bool
    """Whether the image is not in the repository yet."""
    why: tuple[str, ...] = ()
    """Reasons, mostly files, why production's image changes. Empty: it stays."""


@dataclass(frozen=True)
class Images:
    """The project's images. A name is the repository's URI, a colon and a tag."""

    repository: str
    tags: frozenset[str]
    """Tags in the repository, among those that a release asked for."""

    def name_of(self, tag: str) -> str:
        """Return the name of the image with a tag."""
        return f"{self.repository}:{tag}"

    def is_own(self, image: str) -> bool:
        """Return whether an image is this project's. Others may use the same server."""
        return repository_of(image) == self.repository

    def has(self, image: str) -> bool:
        """Return whether an image is in the repository."""
        return self.is_own(image) and tag_of(image) in self.tags

    def choose(self, tag: str, known: Collection[str]) -> ImageChoice:
        """Return the image of a content: the newest that is there, or the one to build.

        Args:
            tag: Tag of the content.
            known: Images of production and of earlier releases.
        """
        same = {tag_of(each) for each in known if self.has(each)} | self.tags
        found = [
            each for each in same if content_of(each) == content_of(tag) and each >= tag
        ]
        return ImageChoice(self.name_of(max(found, default=tag)), build=not found)


def for_worker(current: str, chosen: str) -> str:
    """Return the worker's image after a release: the current one if it still serves.

    Args:
        current: Image that the worker runs in.
        chosen: Image of the release.
    """
    old, new = tag_of(current).split("-"), tag_of(chosen).split("-")
    return current if old[0] == new[0] and old[2:] >= new[2:] else chosen


def repository_of(image: str) -> str:
    """Return an image's name without its tag."""
    return image.rpartition(":")[0]


def tag_of(image: str) -> str:
    """Return an image's tag."""
    return image.rpartition(":")[2]


def content_of(tag: str) -> str:
    """Return a tag without the time of its base's patches."""
    return "-".join(tag.split("-")[:2])


def read_content(clone: Clone, commit: str, processor: str = FIRST_PROCESSOR) -> str:
    """Return the tag of the image that a commit is built into.

    Args:
        clone: Git clone of the project.
        commit: Commit to build.
        processor: Processor that the image is built for.

    Raises:
        GitError: The commit does not exist, or has no `.dockerignore`.
    """
    blobs = clone.blobs(commit)
    files = image_files(blobs, clone.text(commit, ".dockerignore"))
    of_flows = {path for path in files if path.startswith(FLOW_FILES)}
    of_worker = [processor, *(blobs[path] for path in files - of_flows)]
    return f"{_digest(of_worker)}-{_digest(blobs[path] for path in of_flows)}"


def _digest(lines: Iterable[str]) -> str:
    text = "\n".join(sorted(lines))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def read_tags(repository: str, tags: Collection[str]) -> frozenset[str]:
    """Return which of these tags are in an ECR repository.

    Args:
        repository: URI of the repository.
        tags: Tags to look for.

    Raises:
        ClearError: The repository does not exist, or AWS refuses.
    """
    name = repository.partition("/")[2]
    missing = f"There is no image repository {name}. Nothing was changed."
    with asking_aws(f"the repository {name}", "ecr:BatchGetImage", missing):
        answer = aws_client("ecr").batch_get_image(
            repositoryName=name,
            imageIds=[{"imageTag": each} for each in sorted(tags)],
        )
    return frozenset(each["imageId"]["imageTag"] for each in answer["images"])
