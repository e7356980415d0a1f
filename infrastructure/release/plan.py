"""What a commit changes in production: made once, then shown or carried out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Collection, Iterator, Mapping

from infrastructure.release.content import Content
from infrastructure.release.deployments import Deployed
from infrastructure.release.images import ImageChoice, commit_of
from infrastructure.release.images.files import image_files
from infrastructure.release.production import Production
from infrastructure.release.releases import Release
from infrastructure.release.stack import PlatformStack, StackChange
from utils.differences import Difference
from utils.errors import ClearError


@dataclass(frozen=True)
class Update:
    """A deployment that is there, but not as it is wanted."""

    wanted: Deployed
    there: Deployed
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Plan:
    """Each step of a release."""

    commit: str
    image: ImageChoice
    stack: PlatformStack
    stack_change: StackChange
    create: tuple[Deployed, ...]
    update: tuple[Update, ...]
    delete: tuple[Deployed, ...]
    unchanged: tuple[Deployed, ...]
    flows: Mapping[str, tuple[str, ...]]
    """The files by which a flow's code is another one, by the flow's name."""

    @classmethod
    def of(
        cls, content: Content, production: Production, back_to: Release | None = None
    ) -> Plan:
        """Compare a commit with production. Nothing is changed.

        Args:
            content: of the commit.
            production: as it is.
            back_to: the release that is put back. It has its image, and leaves the
                stack's template as it is.

        Raises:
            ClearError: A deployment of one of its names is another project's.
        """
        images, stack = production.images, production.stack
        if back_to:
            why = (f"the release of {back_to.at} is put back",)
            image = ImageChoice(back_to.image, not images.has(back_to.image), why)
            template = stack.template
        else:
            image = images.choose(content.commit, production.image_names)
            template = content.template
        worker_image = images.for_worker(stack.worker_image, image)
        there = {each.full_name: each for each in production.deployments}
        known = production.known
        wanted = {each.full_name: each for each in content.deployments(image.name)}
        _refuse_others([there[name] for name in wanted if name in there], production)
        compared = [
            Update(each, there[name], each.differences(there[name], known))
            for name, each in wanted.items()
            if name in there
        ]
        return cls(
            commit=content.commit,
            image=image,
            stack=stack,
            stack_change=StackChange.of(stack, template, worker_image),
            create=tuple(each for name, each in wanted.items() if name not in there),
            update=tuple(each for each in compared if each.differences),
            delete=tuple(
                each
                for name, each in there.items()
                if name not in wanted and production.owns(each)
            ),
            unchanged=tuple(each.there for each in compared if not each.differences),
            flows=_affected(
                content, production, {each.flow for each in wanted.values()}
            ),
        )

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(
            self.image.build or self.stack_change.differences or self.deployments_change
        )

    @property
    def deployments_change(self) -> bool:
        """Whether Prefect has to be told anything."""
        return bool(self.create or self.update or self.delete)

    @cached_property
    def schedules_removed(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """Those that are not there any more, each with its deployment's name."""
        gone = [(each, []) for each in self.delete]
        gone += [(each.there, each.wanted.fields["schedules"]) for each in self.update]
        return tuple(
            (deployment.full_name, when)
            for deployment, kept in gone
            for when in _left_over(deployment.fields["schedules"], kept)
        )


def _left_over(
    schedules: list[dict[str, Any]], kept: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The times of those that are not among the kept ones, where there may be twins."""
    others = [_when(schedule) for schedule in kept]
    for when in map(_when, schedules):
        if when in others:
            others.remove(when)
        else:
            yield when


def _when(schedule: dict[str, Any]) -> dict[str, Any]:
    """What a schedule is: its parameters and whether it is active are not."""
    others = ("active", "parameters", "slug")
    return {key: value for key, value in schedule.items() if key not in others}


def _refuse_others(deployments: list[Deployed], production: Production) -> None:
    taken = [
        f"{each.full_name} ({each.image})"
        for each in deployments
        if each.tagged and each.image and not production.owns(each)
    ]
    if taken:
        raise ClearError(
            "These deployments have images of another project, and a release would take"
            f" them over: {', '.join(taken)}. Nothing was changed. Give yours another name"
            " in prefect.yaml, or delete those in Prefect if nobody needs them."
        )


def _affected(
    content: Content, production: Production, flows: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Each flow's changed files, since the commit of the image that it runs in."""
    clone = production.images.clone
    changed: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for image in production.image_names or {""}:
        base = commit_of(image) if clone.knows(commit_of(image)) else None
        paths = image_files(
            clone.changed_files(base, content.commit),
            clone.text(content.commit, ".dockerignore"),
        )
        changed[image] = content.code.changed(paths)
    found: dict[str, tuple[str, ...]] = {}
    for flow in flows:
        own = {each.image for each in production.deployments if each.flow == flow}
        files = {
            file
            for image in (own & changed.keys() or changed)
            for file in changed[image].get(flow, ())
        }
        if files:
            found[flow] = tuple(sorted(files))
    return dict(sorted(found.items()))
