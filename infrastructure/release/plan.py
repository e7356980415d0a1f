"""Plan of a release: the differences between a commit and production.

It is made once, then printed by `report` or carried out by `apply`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Collection, Iterator, Mapping

from infrastructure.release.content import Content
from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.images import ImageChoice, commit_of
from infrastructure.release.images.files import image_files
from infrastructure.release.production import Production
from infrastructure.release.releases import Release
from infrastructure.release.stack import PlatformStack, StackChange
from infrastructure.release.stack.by_hand import StackByHand
from utils.errors import ClearError
from utils.reports.differences import Difference, Fields


@dataclass(frozen=True)
class Update:
    """A deployment on the server that differs from the planned one."""

    planned: ServerDeployment
    current: ServerDeployment
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class ReleasePlan:
    """The changes of a release."""

    commit: str
    image: ImageChoice
    stack: PlatformStack
    stack_change: StackChange
    create: tuple[ServerDeployment, ...]
    update: tuple[Update, ...]
    delete: tuple[ServerDeployment, ...]
    unchanged: tuple[ServerDeployment, ...]
    flows: Mapping[str, tuple[str, ...]]
    """Changed files of each flow whose code changes, by the flow's name."""
    by_hand: tuple[StackByHand, ...] = ()
    """Stacks that a release leaves to a person, as far as they differ or are unknown."""

    @classmethod
    def of(
        cls, content: Content, production: Production, back_to: Release | None = None
    ) -> ReleasePlan:
        """Compare a commit with production. Nothing is changed.

        Args:
            content: Content of the commit.
            production: Current state of production.
            back_to: Release to restore, with its image. The stack's template then stays.

        Raises:
            ClearError: Another project owns a deployment of the same name, or the image was
                built for another processor than the stack's.
        """
        images, stack = production.images, production.stack
        if back_to:
            why = (f"rollback to the release of {back_to.at}",)
            image = ImageChoice(back_to.image, not images.has(back_to.image), why)
            template = stack.template
        else:
            image = images.choose(content.commit, production.image_names)
            template = content.template
        _reject_other_processor(image, production)
        worker_image = images.for_worker(stack.worker_image, image)
        current = {each.full_name: each for each in production.deployments}
        public_text = production.released_prefect_file
        planned = {each.full_name: each for each in content.deployments(image.name)}
        _reject_foreign(
            [current[name] for name in planned if name in current], production
        )
        compared = [
            Update(each, current[name], each.differences(current[name], public_text))
            for name, each in planned.items()
            if name in current
        ]
        return cls(
            commit=content.commit,
            image=image,
            stack=stack,
            stack_change=StackChange.of(stack, template, worker_image),
            create=tuple(each for name, each in planned.items() if name not in current),
            update=tuple(each for each in compared if each.differences),
            delete=tuple(
                each
                for name, each in current.items()
                if name not in planned and production.owns(each)
            ),
            unchanged=tuple(each.current for each in compared if not each.differences),
            flows=_changed_flows(
                content, production, {each.flow for each in planned.values()}
            ),
        )

    @property
    def changes(self) -> bool:
        """True if the release changes anything."""
        return bool(
            self.image.build or self.stack_change.differences or self.deployments_change
        )

    @property
    def deployments_change(self) -> bool:
        """True if the release changes any deployment."""
        return bool(self.create or self.update or self.delete)

    @cached_property
    def schedules_removed(self) -> tuple[tuple[str, Fields], ...]:
        """Schedules that the release removes, each with its deployment's full name."""
        kept: list[tuple[ServerDeployment, list[Fields]]] = [
            *((each, []) for each in self.delete),
            *((each.current, each.planned.fields["schedules"]) for each in self.update),
        ]
        return tuple(
            (deployment.full_name, timing)
            for deployment, planned in kept
            for timing in _removed_timings(deployment.fields["schedules"], planned)
        )


def _removed_timings(current: list[Fields], planned: list[Fields]) -> Iterator[Fields]:
    """Yield the timings of current schedules without a planned counterpart each.

    Two schedules may have the same timing.
    """
    unmatched = [_timing(schedule) for schedule in planned]
    for timing in map(_timing, current):
        if timing in unmatched:
            unmatched.remove(timing)
        else:
            yield timing


def _timing(schedule: Fields) -> Fields:
    """Return a schedule without its parameters and whether it is active."""
    others = ("active", "parameters", "slug")
    return {key: value for key, value in schedule.items() if key not in others}


def _reject_other_processor(image: ImageChoice, production: Production) -> None:
    """Reject an image that no worker and no run could start in."""
    wanted = production.stack.processor
    built_for = production.built_for.get(image.name, wanted)
    if built_for != wanted:
        raise ClearError(
            f"The image {image.name} was released for {built_for}, and the stack"
            f" {production.stack.name} is for {wanted}. Nothing was changed. Release an"
            f" image of another commit, built for {wanted}, or change the stack's"
            f' CpuArchitecture back: infrastructure/README.md, "The processor".'
        )


def _reject_foreign(
    deployments: list[ServerDeployment], production: Production
) -> None:
    foreign = [
        f"{each.full_name} ({each.image})"
        for each in deployments
        if each.tagged and each.image and not production.owns(each)
    ]
    if foreign:
        raise ClearError(
            "These deployments have images of another project, and a release would take"
            f" them over: {', '.join(foreign)}. Nothing was changed. Give yours another"
            " name in prefect.yaml, or delete those in Prefect if nobody needs them."
        )


def _changed_flows(
    content: Content, production: Production, flows: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return each flow's files that changed since the commit of its current image."""
    clone = production.images.clone
    changed_since: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for image in production.image_names or {""}:
        base = commit_of(image) if clone.knows(commit_of(image)) else None
        paths = image_files(
            clone.changed_files(base, content.commit),
            clone.text(content.commit, ".dockerignore"),
        )
        changed_since[image] = content.code.changed(paths)
    found: dict[str, tuple[str, ...]] = {}
    for flow in flows:
        own = {each.image for each in production.deployments if each.flow == flow}
        files = {
            file
            for image in (own & changed_since.keys() or changed_since)
            for file in changed_since[image].get(flow, ())
        }
        if files:
            found[flow] = tuple(sorted(files))
    return dict(sorted(found.items()))
