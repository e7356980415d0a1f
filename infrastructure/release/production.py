"""What production has: its deployments, its stack, its images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection

from prefect.client.orchestration import SyncPrefectClient

from infrastructure.release.content import Content
from infrastructure.release.deployments import Deployed, read_deployments
from infrastructure.release.git import Clone
from infrastructure.release.images import Images, commit_of, read_tags, repository_of
from infrastructure.release.releases import Release, read_releases
from infrastructure.release.stack import PlatformStack

# In place of a repository of images that is not asked.
REPOSITORY = "repository"


@dataclass(frozen=True)
class Production:
    """As it is, or as it would be."""

    deployments: tuple[Deployed, ...]
    stack: PlatformStack
    images: Images
    latest: str
    """The commit of the latest release. An empty text, if there is none."""

    @classmethod
    def read(
        cls,
        client: SyncPrefectClient,
        stack: PlatformStack,
        clone: Clone,
        commit: str,
        names: Collection[str],
        back_to: Release | None = None,
    ) -> Production:
        """Ask Prefect and AWS for all that matters to this commit, or to this release.

        Args:
            client: of Prefect's server.
            stack: as it is.
            clone: that has the commit.
            commit: that is to be released.
            names: of its deployments: one may be there, and not be tagged.
            back_to: the release that is put back, if one is.

        Raises:
            ClearError: One of them does not answer, or refuses.
        """
        deployments = read_deployments(client, names)
        repository = repository_of(stack.worker_image)
        asked = [back_to.image] if back_to else [each.image for each in deployments]
        own = {commit_of(each) for each in asked if repository_of(each) == repository}
        tags = read_tags(repository, {commit, *own})
        latest = next((each.commit for each in read_releases(client)), "")
        return cls(deployments, stack, Images(repository, tags, clone), latest)

    @classmethod
    def as_released(cls, content: Content, clone: Clone) -> Production:
        """As a commit would leave it that had been released alone."""
        images = Images(REPOSITORY, frozenset({content.commit}), clone)
        image = images.named(content.commit)
        stack = PlatformStack.made_from("data-platform", content.template, image)
        return cls(content.deployments(image), stack, images, content.commit)

    @property
    def image_names(self) -> set[str]:
        """Those that its deployments name: one, but after a release that failed half-way."""
        return {each.image for each in self.deployments if self.owns(each)}

    @property
    def known(self) -> str:
        """What the latest release has as prefect.yaml: nothing in it is a secret."""
        clone = self.images.clone
        if not clone.knows(self.latest):
            return ""
        return clone.text(self.latest, "prefect.yaml")

    def owns(self, deployment: Deployed) -> bool:
        """Whether it is a release's, and not another project's or somebody's own."""
        return deployment.tagged and self.images.made(deployment.image)
