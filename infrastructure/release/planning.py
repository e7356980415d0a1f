"""Makes release plans: reads a commit and production, checks them and compares them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Iterator

from prefect.client.orchestration import SyncPrefectClient

from infrastructure.release.content import Content
from infrastructure.release.git import Clone, GitError
from infrastructure.release.job_variables import (
    check_job_variables,
    check_planned_job_variables,
)
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.prefect_file import PrefectFileError, read_prefect_file
from infrastructure.release.production import Production
from infrastructure.release.releases import Release, read_releases
from infrastructure.release.stack import PlatformStack
from infrastructure.release.stack.by_hand import TEMPLATES, StackByHand
from infrastructure.release.stack.template_changes import template_changes
from infrastructure.release.stack.update import foresee_update
from utils.errors import ClearError


def plan_release(
    clone: Clone,
    stack_name: str,
    client: SyncPrefectClient,
    *,
    pool_needed: bool,
    back_to: Release | None = None,
) -> ReleasePlan:
    """Plan the release of the checked-out commit, or the restoration of an earlier one.

    Args:
        clone: Git clone of the project.
        stack_name: Name of production's CloudFormation stack.
        client: Prefect API client.
        pool_needed: Whether the work pool must already accept all job variables.
        back_to: Release to restore, for a rollback.

    Raises:
        ClearError: The commit cannot be released, or AWS or Prefect cannot be read.
    """
    commit = clone.commit(back_to.commit if back_to else "HEAD")
    try:
        file = read_prefect_file(clone.text(commit, "prefect.yaml"))
        names = {each.name for each in file.production}
        with ThreadPoolExecutor() as executor:  # Both take seconds.
            reading = executor.submit(Content.of, clone, commit, file)
            comparing = executor.map(
                lambda each: StackByHand.read(stack_name, *each),
                () if back_to else _templates(clone, commit),
            )
            stack = PlatformStack.named(stack_name)
            production = Production.read(client, stack, clone, commit, names, back_to)
            content, by_hand = reading.result(), tuple(filter(None, comparing))
        if not back_to:
            _reject_older(clone, commit, production.latest)
        content.check({stack.work_pool})
        if not back_to:
            # A rollback leaves the pool, and Prefect accepts unknown variables.
            check_job_variables(content, client, stack, pool_needed)
    except PrefectFileError as error:
        if back_to:
            raise ClearError(
                f"The commit {commit}, to roll back to: {error}\nNothing was changed. Check"
                " it out, run uv sync, and run the rollback there."
            ) from error
        raise
    plan = ReleasePlan.of(content, production, back_to)
    change = foresee_update(stack, plan.stack_change)
    return replace(plan, stack_change=change, by_hand=by_hand)


def plan_rollback(
    clone: Clone, stack_name: str, client: SyncPrefectClient
) -> ReleasePlan:
    """Plan the restoration of the release before the latest one.

    Args:
        clone: Git clone of the project.
        stack_name: Name of production's CloudFormation stack.
        client: Prefect API client.

    Raises:
        ClearError: There is no earlier release, its commit cannot be read, or AWS or
            Prefect cannot.
    """
    releases = read_releases(client)
    if len(releases) < 2:
        raise ClearError(
            "There is no release before the latest one. Nothing was changed. Revert the"
            " commit instead, and release the revert."
        )
    return plan_release(
        clone, stack_name, client, pool_needed=True, back_to=releases[1]
    )


def plan_since(clone: Clone, base: str) -> ReleasePlan:
    """Plan the checked-out commit as if production had another commit. Reads git alone.

    Args:
        clone: Git clone of the project.
        base: Full id of the commit that production is assumed to have.

    Raises:
        ClearError: A commit cannot be released.
    """
    content = Content.of(clone, clone.commit())
    try:
        before = Content.of(clone, base).with_flows_of(content)
    except PrefectFileError as error:
        raise ClearError(f"The commit {base}, to compare with: {error}") from error
    production = Production.after_release(before, clone)
    # Only Prefect knows production's real pool: those of the base are accepted, too.
    pools = {each.work_pool.name for each in before.file.production}
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
    change = replace(change, resources=resources)
    return replace(plan, stack_change=change, by_hand=tuple(filter(None, by_hand)))


def _templates(clone: Clone, commit: str) -> Iterator[tuple[str, str]]:
    """Yield the templates of stacks that a person deploys, by the ends of their names."""
    for end, (path, _) in TEMPLATES.items():
        with suppress(GitError):  # a fork may have none of them
            yield end, clone.text(commit, path)


def _reject_older(clone: Clone, commit: str, latest: str) -> None:
    """Reject a commit older than the latest release, as of a re-run workflow."""
    if clone.is_before(commit, latest):
        raise ClearError(
            f"The commit {commit} is older than the latest release, {latest}. Nothing was"
            " changed. `rollback` restores the release before the latest one. Or revert"
            " the newer commits, and release the revert."
        )
