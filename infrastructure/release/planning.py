"""Makes release plans: reads a commit and production, checks them and compares them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Iterator

from prefect.client.orchestration import SyncPrefectClient

from infrastructure.release.content import Content
from infrastructure.release.git import Clone, GitError
from infrastructure.release.images import read_content
from infrastructure.release.job_variables import (
    check_job_variables,
    check_planned_job_variables,
    read_pools,
)
from infrastructure.release.objections import objections
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.prefect_file import PrefectFileError, read_prefect_file
from infrastructure.release.production import Production
from infrastructure.release.releases import Release, read_record
from infrastructure.release.stack import PlatformStack
from infrastructure.release.stack.by_hand import TEMPLATES, StackByHand
from infrastructure.release.stack.template_changes import template_changes
from infrastructure.release.stack.update import foresee_update
from utils.aws.stack import TEMPLATE
from utils.errors import ClearError


def plan_release(
    clone: Clone,
    stack_name: str,
    client: SyncPrefectClient,
    *,
    pool_needed: bool,
    renewal: str = "",
) -> ReleasePlan:
    """Plan the release of the checked-out commit.

    Args:
        clone: Git clone of the project.
        stack_name: Name of production's CloudFormation stack.
        client: Prefect API client.
        pool_needed: Whether the work pool must already accept all job variables.
        renewal: Time of the image's patches, if it is built again for them.

    Raises:
        ClearError: The commit cannot be released, or AWS or Prefect cannot be read.
    """
    commit = clone.commit()
    with ThreadPoolExecutor() as executor:
        comparing = executor.map(
            lambda each: StackByHand.read(stack_name, *each), _templates(clone, commit)
        )
        content, production = _read(clone, stack_name, client, commit, renewal)
        by_hand = tuple(filter(None, comparing))
    pools = read_pools(content, client)
    content.check({production.stack.work_pool, *pools})
    check_job_variables(content, pools, production.stack, pool_needed)
    against = tuple(objections(clone, content.commit, production.record))
    plan = _foreseen(ReleasePlan.of(content, production))
    return replace(plan, by_hand=by_hand, objections=against)


def plan_rollback(
    clone: Clone, stack_name: str, client: SyncPrefectClient
) -> ReleasePlan:
    """Plan the restoration of the release before the latest one.

    A rollback that was interrupted is planned again.

    Args:
        clone: Git clone of the project.
        stack_name: Name of production's CloudFormation stack.
        client: Prefect API client.

    Raises:
        ClearError: There is no earlier release, its commit cannot be read, or AWS or
            Prefect cannot.
    """
    latest, *earlier = read_record(client).restorable or (None,)
    is_going_on = bool(latest and latest.takes_back and not latest.is_finished)
    if latest and is_going_on:
        earlier.insert(0, latest)
    if not earlier:
        raise ClearError(
            "There is no release before the latest one. Nothing was changed. Revert the"
            " commit instead, and release the revert."
        )
    found = plan_restoration(clone, stack_name, client, earlier[0])
    assert latest
    bad = latest.takes_back if is_going_on else latest.commit
    return replace(found, takes_back=bad)


def plan_restoration(
    clone: Clone, stack_name: str, client: SyncPrefectClient, release: Release
) -> ReleasePlan:
    """Plan to bring deployments and the worker's image to those of a release.

    The stack keeps its template, unless that release is the latest one.

    Raises:
        ClearError: Its commit cannot be read, or AWS or Prefect cannot.
    """
    commit = clone.commit(release.commit)
    try:
        content, production = _read(clone, stack_name, client, commit)
        # The pool is left as it is, and Prefect accepts unknown variables.
        content.check({production.stack.work_pool, *read_pools(content, client)})
    except PrefectFileError as error:
        raise ClearError(
            f"The commit {commit}, to roll back to: {error}\nNothing was changed. Check it"
            " out, run uv sync, and run the rollback there."
        ) from error
    return _foreseen(ReleasePlan.of(content, production, release))


def _foreseen(plan: ReleasePlan) -> ReleasePlan:
    """Ask CloudFormation what a plan would do to the stack's resources."""
    return replace(plan, stack_change=foresee_update(plan.stack, plan.stack_change))


def _read(
    clone: Clone,
    stack_name: str,
    client: SyncPrefectClient,
    commit: str,
    renewal: str = "",
) -> tuple[Content, Production]:
    file = read_prefect_file(clone.text(commit, "prefect.yaml"))
    names = {each.name for each in file.production}
    with ThreadPoolExecutor() as executor:  # Both take seconds.
        reading = executor.submit(Content.of, clone, commit, file)
        stack = PlatformStack.named(stack_name)
        tag = read_content(clone, commit, stack.processor)
        tag += f"-{renewal}" if renewal else ""
        production = Production.read(client, stack, clone, names, tag)
        return replace(reading.result(), image_tag=tag), production


def plan_since(clone: Clone, base: str) -> ReleasePlan:
    """Plan the checked-out commit as if production had another commit. Reads git alone.

    Args:
        clone: Git clone of the project.
        base: Full id of the commit that production is assumed to have.

    Raises:
        ClearError: A commit cannot be released.
    """
    content = Content.of(clone, clone.commit())
    notes: tuple[str, ...] = ()
    try:
        before = Content.of(clone, base).with_flows_of(content)
        # Only Prefect knows production's real pool: those of the base are accepted, too.
        pools = {each.work_pool.name for each in before.file.production}
        production = Production.after_release(before, clone)
    except PrefectFileError as error:
        told = f"The commit {base[:12]}, to compare with, cannot be read: {error}"
        notes, pools = (f"{told} So all deployments are shown as new.",), set()
        template = clone.text(base, TEMPLATE)
        production = Production.before_release(content, template, clone)
    stack = PlatformStack.made_from(production.stack.name, content.template, "")
    content.check({*pools, stack.work_pool})
    check_planned_job_variables(content, stack)
    plan = ReleasePlan.of(content, production)
    change = plan.stack_change
    resources = template_changes(plan.stack, change.template, change.image)
    planned = dict(_templates(clone, content.commit))
    by_hand = (
        StackByHand.of(assumed, end, planned[end])
        for end, template in _templates(clone, base)
        if end in planned
        for assumed in [PlatformStack.made_from(f"{stack.name}-{end}", template, "")]
    )
    return replace(
        plan,
        stack_change=replace(change, resources=resources),
        by_hand=tuple(filter(None, by_hand)),
        notes=notes,
    )


def _templates(clone: Clone, commit: str) -> Iterator[tuple[str, str]]:
    """Yield the templates of stacks that a person deploys, by the ends of their names."""
    for end, (path, _) in TEMPLATES.items():
        with suppress(GitError):  # a fork may have none of them
            yield end, clone.text(commit, path)
