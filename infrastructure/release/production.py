"""State of production: its deployments, its stack, its images, its releases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Collection

from prefect.client.orchestration import SyncPrefectClient

from infrastructure.release.content import Content
from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.deployments.api import read_deployments
from infrastructure.release.git import Clone
from infrastructure.release.images import Images, read_tags, repository_of, tag_of
from infrastructure.release.releases import Record, Release, read_record
from infrastructure.release.stack import PlatformStack

# Stands for the image repository where AWS is not asked.
PLACEHOLDER_REPOSITORY = "repository"


@dataclass(frozen=True)
class Production:
    """The state of production, current or planned."""

    deployments: tuple[ServerDeployment, ...]
    stack: PlatformStack
    images: Images
    record: Record
    clone: Clone

    @classmethod
    def read(
        cls,
        client: SyncPrefectClient,
        stack: PlatformStack,
        clone: Clone,
        names: Collection[str],
        tag: str,
    ) -> Production:
        """Read from Prefect and AWS what the release of a commit depends on.

        Args:
            client: Prefect API client.
            stack: Stack as it is now.
            clone: Git clone of the project.
            names: Names of the commit's deployments. An untagged deployment may have one.
            tag: Tag of the commit's image.

        Raises:
            ClearError: AWS or Prefect refuses or does not answer.
        """
        deployments, record = read_deployments(client, names), read_record(client)
        repository = repository_of(stack.worker_image)
        images = {each.image for each in deployments} | record.images
        own = {tag_of(each) for each in images if repository_of(each) == repository}
        tags = read_tags(repository, {tag, *own})
        return cls(deployments, stack, Images(repository, tags), record, clone)

    @classmethod
    def after_release(cls, content: Content, clone: Clone) -> Production:
        """Return the state in which the release of a commit alone leaves production."""
        images = Images(PLACEHOLDER_REPOSITORY, frozenset({content.image_tag}))
        image = images.name_of(content.image_tag)
        stack = PlatformStack.made_from("data-platform", content.template, image)
        release = Release.now(content.commit, image, stack.processor)
        record = Record((replace(release, state="finished"),))
        return cls(content.deployments(image), stack, images, record, clone)

    @classmethod
    def before_release(
        cls, content: Content, template: str, clone: Clone
    ) -> Production:
        """Return the state before the first release, with a stack of this template."""
        images = Images(PLACEHOLDER_REPOSITORY, frozenset())
        image = images.name_of(content.image_tag)
        stack = PlatformStack.made_from("data-platform", template, image)
        return cls((), stack, images, Record(()), clone)

    @property
    def own(self) -> tuple[ServerDeployment, ...]:
        """The deployments that this project's releases made."""
        return tuple(each for each in self.deployments if self.owns(each))

    @property
    def known_images(self) -> set[str]:
        """Images of the deployments and of earlier releases."""
        return {each.image for each in self.own} | self.record.images

    @property
    def built_for(self) -> dict[str, str]:
        """Processor of each released image, by the image's name."""
        return {each.image: each.processor for each in self.record.releases}

    @property
    def released_prefect_file(self) -> str:
        """The latest release's prefect.yaml, which holds no secret. Empty if unknown."""
        latest = self.record.latest
        if not latest or not self.clone.find(latest.commit):
            return ""
        return self.clone.text(latest.commit, "prefect.yaml")

    def owns(self, deployment: ServerDeployment) -> bool:
        """Return whether this project's releases made the deployment."""
        return deployment.tagged and self.images.is_own(deployment.image)
