"""Plan of a release: the differences between a commit and production.

It is made once, then printed by `report` or carried out by `apply`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Collection, Iterator, Mapping

from infrastructure.release.content import Content
from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.git import Clone
from infrastructure.release.images import ImageChoice, content_of, for_worker, tag_of
from infrastructure.release.images.files import image_files
from infrastructure.release.production import Production
from infrastructure.release.releases import Record, Release
from infrastructure.release.stack import PlatformStack, StackChange
from infrastructure.release.stack.by_hand import StackByHand
from utils.errors import ClearError
from utils.reports.differences import Difference, Fields

NO_TIMING = ("active", "parameters", "slug")


@dataclass(frozen=True)
class Update:
    """A deployment on the server that differs from the planned one."""

    planned: ServerDeployment
    current: ServerDeployment
    differences: tuple[Difference, ...]

    @property
    def schedules_moved(self) -> tuple[tuple[Fields, Fields], ...]:
        """Schedules of which the timing alone changes, before and after.

        Empty if schedules come or go, too, or if more of one than its timing changes.
        """
        before, after = (
            each.fields["schedules"] for each in (self.current, self.planned)
        )
        gone, new = list(_without(before, after)), list(_without(after, before))
        others = [[_without_timing(each) for each in one] for one in (before, after)]
        is_moved = len(gone) == len(new) and sorted(map(str, others[0])) == sorted(
            map(str, others[1])
        )
        return tuple(zip(gone, new)) if is_moved else ()


@dataclass(frozen=True)
class ReleasePlan:
    """The changes of a release."""

    commit: str
    image: ImageChoice
    stack: PlatformStack
    record: Record
    """Releases up to now."""
    stack_change: StackChange
    create: tuple[ServerDeployment, ...]
    update: tuple[Update, ...]
    delete: tuple[ServerDeployment, ...]
    unchanged: tuple[ServerDeployment, ...]
    flows: Mapping[str, tuple[str, ...]]
    """Changed files of each flow whose code changes, by the flow's name."""
    by_hand: tuple[StackByHand, ...] = ()
    """Stacks that a release leaves to a person, as far as they differ or are unknown."""
    takes_back: str = ""
    """Commit whose release a rollback takes back."""
    notes: tuple[str, ...] = ()
    """What a reader of the plan has to know."""
    objections: tuple[str, ...] = ()
    """What speaks against the release. A person has to insist on it."""

    @classmethod
    def of(
        cls, content: Content, production: Production, back_to: Release | None = None
    ) -> ReleasePlan:
        """Compare a commit with production. Nothing is changed.

        Args:
            content: Content of the commit.
            production: Current state of production.
            back_to: Release to restore, with its image. The stack's template then stays,
                unless that is the latest release.

        Raises:
            ClearError: Another project owns a deployment of the same name, or the image was
                built for another processor than the stack's.
        """
        images, stack = production.images, production.stack
        changed = ChangedFiles(content, production.clone)
        if back_to:
            why: tuple[str, ...] = (f"rollback to the release of {back_to.at}",)
            image = ImageChoice(back_to.image, not images.has(back_to.image), why)
            is_latest = back_to == production.record.latest and not back_to.takes_back
            template = content.template if is_latest else stack.template
        else:
            image = images.choose(content.image_tag, production.known_images)
            image = replace(image, why=tuple(_reasons(production, image.name, changed)))
            template = content.template
        _reject_other_processor(image, production)
        worker_image = for_worker(stack.worker_image, image.name)
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
            record=production.record,
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
                content,
                production,
                {each.flow for each in planned.values()},
                image.name,
                changed,
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
            *(
                (each.current, each.planned.fields["schedules"])
                for each in self.update
                if not each.schedules_moved
            ),
        ]
        return tuple(
            (deployment.full_name, _timing(schedule))
            for deployment, planned in kept
            for schedule in _without(deployment.fields["schedules"], planned)
        )


def _without(schedules: list[Fields], others: list[Fields]) -> Iterator[Fields]:
    """Yield the schedules of whose timing there is none among others for each.

    Two schedules may have the same timing.
    """
    unmatched = [_timing(schedule) for schedule in others]
    for schedule in schedules:
        if _timing(schedule) in unmatched:
            unmatched.remove(_timing(schedule))
        else:
            yield schedule


def _timing(schedule: Fields) -> Fields:
    """Return a schedule without its parameters and whether it is active."""
    return {key: value for key, value in schedule.items() if key not in NO_TIMING}


def _without_timing(schedule: Fields) -> Fields:
    return {key: value for key, value in schedule.items() if key in NO_TIMING}


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


class ChangedFiles:
    """Files of the image that changed since the versions of deployments, each read once."""

    def __init__(self, content: Content, clone: Clone) -> None:
        self._commit, self._clone = content.commit, clone
        self._since: dict[str, frozenset[str] | None] = {}

    def since(self, version: str) -> frozenset[str] | None:
        """Return the files that changed since a version, None if that is unknown."""
        if version not in self._since:
            base = self._clone.find(version)
            self._since[version] = self._compared(base) if base else None
        return self._since[version]

    @cached_property
    def every(self) -> frozenset[str]:
        """All files of the image."""
        return self._compared(None)

    def _compared(self, base: str | None) -> frozenset[str]:
        return image_files(
            self._clone.changed_files(base, self._commit),
            self._clone.text(self._commit, ".dockerignore"),
        )


def _reasons(
    production: Production, image: str, changed: ChangedFiles
) -> Iterator[str]:
    """Yield why production's image changes to this one, mostly files."""
    own = production.own
    if not own:
        yield "production has no image yet"
    others = {each.image for each in own} - {image}
    for other in sorted(others):
        if content_of(tag_of(other)) == content_of(tag_of(image)):
            if production.images.has(other):
                yield "newer patches of the base image"
            else:
                yield f"production's image {tag_of(other)} is not in the image repository"
    files: set[str] = set()
    for version in {each.version for each in own if each.image in others}:
        found = changed.since(version)
        if found is None:
            yield f"production's commit {version} is not in this clone"
        files |= found or set()
    yield from sorted(files)


def _changed_flows(
    content: Content,
    production: Production,
    flows: Collection[str],
    image: str,
    changed: ChangedFiles,
) -> dict[str, tuple[str, ...]]:
    """Return each flow's files that changed since the version of its deployments."""
    all_versions = {each.version for each in production.own} or {""}
    by_version: dict[str, Mapping[str, tuple[str, ...]]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for flow in sorted(flows):
        own = [each for each in production.own if each.flow == flow]
        if own and all(each.image == image for each in own):
            continue
        paths: set[str] = set()
        for version in {each.version for each in own} or all_versions:
            if version not in by_version:
                files = changed.since(version)
                by_version[version] = content.code.changed(
                    changed.every if files is None else files
                )
            paths.update(by_version[version].get(flow, ()))
        if paths:
            found[flow] = tuple(sorted(paths))
    return found
