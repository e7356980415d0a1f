"""Container images of commits: which one a release runs in, and whether to build it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection

from infrastructure.release.git import Clone
from infrastructure.release.images.files import image_files
from utils.aws.client import asking_aws, aws_client

# Files that the worker needs of an image. It does not run the flows' code.
WORKER_FILES = frozenset({"Dockerfile", "uv.lock"})


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
    """The project's images. A name is the repository's URI, a colon and a commit."""

    repository: str
    tags: frozenset[str]
    """Tags in the repository, among those that a release asked for."""
    clone: Clone

    def image_of(self, commit: str) -> str:
        """Return the name of a commit's image."""
        return f"{self.repository}:{commit}"

    def is_own(self, image: str) -> bool:
        """Return whether an image is this project's. Others may use the same server."""
        return repository_of(image) == self.repository

    def has(self, image: str) -> bool:
        """Return whether an image is in the repository."""
        return self.is_own(image) and commit_of(image) in self.tags

    def choose(self, commit: str, in_production: Collection[str]) -> ImageChoice:
        """Return production's image if its files are those of the commit, or the commit's.

        Args:
            commit: Full id of the commit to release.
            in_production: Images of production's deployments. After a release that failed
                half-way there are several.
        """
        own = self.image_of(commit)
        candidates = sorted(in_production, key=lambda each: each != own)
        if len(candidates) > 1 and own not in candidates and self.has(own):
            candidates.insert(0, own)
        why: dict[str, None] = {}
        for image in candidates:
            reasons = self._reasons_against(image, commit)
            if not reasons:
                return ImageChoice(image, build=False)
            why |= dict.fromkeys(reasons)
        return ImageChoice(
            own,
            build=not self.has(own),
            why=tuple(why) or ("production has no image yet",),
        )

    def for_worker(self, current: str, choice: ImageChoice) -> str:
        """Return the worker's image after the release: the current one if it still serves.

        Args:
            current: Image that the worker runs in.
            choice: Image of the release.
        """
        old, new = commit_of(current), commit_of(choice.name)
        if self.clone.knows(old):
            if not WORKER_FILES & self.clone.changed_files(old, new):
                return current
        return choice.name

    def _reasons_against(self, image: str, commit: str) -> list[str]:
        """Return why an image cannot serve a commit. Empty if it can."""
        built_from = commit_of(image)
        if not self.clone.knows(built_from):
            return [
                f"the commit of production's image {built_from} is not in this clone"
            ]
        if not self.has(image):
            return [f"production's image {built_from} is not in the image repository"]
        changed = self.clone.changed_files(built_from, commit)
        dockerignore = self.clone.text(commit, ".dockerignore")
        return sorted(image_files(changed, dockerignore))


def repository_of(image: str) -> str:
    """Return an image's name without its tag."""
    return image.rpartition(":")[0]


def commit_of(image: str) -> str:
    """Return an image's tag, which is its commit."""
    return image.rpartition(":")[2]


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
