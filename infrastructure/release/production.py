"""State of production: its deployments, its stack, its images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Collection, Mapping

from prefect.client.orchestration import SyncPrefectClient

from infrastructure.release.content import Content
from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.deployments.api import read_deployments
from infrastructure.release.git import Clone
from infrastructure.release.images import Images, commit_of, read_tags, repository_of
from infrastructure.release.releases import Release, read_releases
from infrastructure.release.stack import PlatformStack

# Stands for the image repository where AWS is not asked.
PLACEHOLDER_REPOSITORY = "repository"


@dataclass(frozen=True)
class Production:
    """The state of production, current or planned."""

    deployments: tuple[ServerDeployment, ...]
    stack: PlatformStack
    images: Images
    latest: str
    """Commit of the latest release. An empty string if there is none."""
    built_for: Mapping[str, str] = field(default_factory=dict)
    """Processor of each released image, by the image's name."""

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
        """Read from Prefect and AWS what the release of a commit depends on.

        Args:
            client: Prefect API client.
            stack: Stack as it is now.
            clone: Git clone that has the commit.
            commit: Full id of the commit to release.
            names: Names of the commit's deployments. An untagged deployment may have one.
            back_to: Release to restore, for a rollback.

        Raises:
            ClearError: AWS or Prefect refuses or does not answer.
        """
        deployments = read_deployments(client, names)
        repository = repository_of(stack.worker_image)
        images = [back_to.image] if back_to else [each.image for each in deployments]
        own = {commit_of(each) for each in images if repository_of(each) == repository}
        tags = read_tags(repository, {commit, *own})
        releases = read_releases(client)
        latest = next((each.commit for each in releases), "")
        built_for = {each.image: each.processor for each in releases}
        return cls(
            deployments, stack, Images(repository, tags, clone), latest, built_for
        )

    @classmethod
    def after_release(cls, content: Content, clone: Clone) -> Production:
        """Return the state in which the release of a commit alone leaves production."""
        images = Images(PLACEHOLDER_REPOSITORY, frozenset({content.commit}), clone)
        image = images.image_of(content.commit)
        stack = PlatformStack.made_from("data-platform", content.template, image)
        return cls(content.deployments(image), stack, images, content.commit)

    @property
    def image_names(self) -> set[str]:
        """Images of the deployments. After a failed release there may be several."""
        return {each.image for each in self.deployments if self.owns(each)}

    @property
    def released_prefect_file(self) -> str:
        """The latest release's prefect.yaml, which holds no secret. Empty if unknown."""
        clone = self.images.clone
        if not clone.knows(self.latest):
            return ""
        return clone.text(self.latest, "prefect.yaml")

    def owns(self, deployment: ServerDeployment) -> bool:
        """Return whether this project's releases made the deployment."""
        return deployment.tagged and self.images.is_own(deployment.image)
