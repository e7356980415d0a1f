"""Which image the deployments of a commit name: one that is there, or one that is to be built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection

from infrastructure.release.git import Clone
from infrastructure.release.images.files import image_files
from utils.aws.client import asking_aws, aws_client

# What the worker needs of an image. The flows' code is not among it.
WORKER_FILES = frozenset({"Dockerfile", "uv.lock"})


@dataclass(frozen=True)
class ImageChoice:
    """The one image of a release."""

    name: str
    build: bool
    """It is not in the repository of images."""
    why: tuple[str, ...] = ()
    """Why it is another one than production's: files, mostly. Empty: production's stays."""


@dataclass(frozen=True)
class Images:
    """The repository of images. An image is its URI, a colon, and a commit."""

    repository: str
    tags: frozenset[str]
    """Those that are in it, of the ones that were asked for."""
    clone: Clone

    def named(self, commit: str) -> str:
        """The image of a commit."""
        return f"{self.repository}:{commit}"

    def made(self, image: str) -> bool:
        """Whether it is this project's. Others may share its Prefect."""
        return repository_of(image) == self.repository

    def has(self, image: str) -> bool:
        """Whether it can be pulled."""
        return self.made(image) and commit_of(image) in self.tags

    def choose(self, commit: str, in_production: Collection[str]) -> ImageChoice:
        """Production's own, if it has all that the commit would put into it."""
        own = self.named(commit)
        # After a release that failed half-way there are two, or more.
        order = sorted(in_production, key=lambda each: each != own)
        if len(order) > 1 and own not in order and self.has(own):
            order.insert(0, own)
        why: dict[str, None] = {}
        for image in order:
            reasons = self._differing(image, commit)
            if not reasons:
                return ImageChoice(image, build=False)
            why |= dict.fromkeys(reasons)
        reasons = tuple(why) or ("production has no image yet",)
        return ImageChoice(own, build=not self.has(own), why=reasons)

    def for_worker(self, image: str, choice: ImageChoice) -> str:
        """The one that the worker gets instead of this one; mostly the same."""
        known, new = commit_of(image), commit_of(choice.name)
        if self.clone.knows(known):
            if not WORKER_FILES & self.clone.changed_files(known, new):
                return image
        return choice.name

    def _differing(self, image: str, commit: str) -> list[str]:
        known = commit_of(image)
        if not self.clone.knows(known):
            return [f"the commit of production's image {known} is not in this clone"]
        if not self.has(image):
            return [f"production's image {known} is not in the repository of images"]
        changed = self.clone.changed_files(known, commit)
        dockerignore = self.clone.text(commit, ".dockerignore")
        return sorted(image_files(changed, dockerignore))


def repository_of(image: str) -> str:
    """An image's name without its tag."""
    return image.rpartition(":")[0]


def commit_of(image: str) -> str:
    """An image's tag."""
    return image.rpartition(":")[2]


def read_tags(repository: str, tags: Collection[str]) -> frozenset[str]:
    """Which of these tags are in the repository."""
    name = repository.partition("/")[2]
    nowhere = f"There is no repository of images {name}. Nothing was changed."
    with asking_aws(f"the repository {name}", "ecr:BatchGetImage", nowhere):
        answer = aws_client("ecr").batch_get_image(
            repositoryName=name,
            imageIds=[{"imageTag": each} for each in sorted(tags)],
        )
    return frozenset(each["imageId"]["imageTag"] for each in answer["images"])
