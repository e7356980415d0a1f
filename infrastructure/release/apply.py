"""Carries out a release plan in an order that keeps production usable after each step.

The image exists before a deployment names it. The stack changes before the deployments that
run in it. Old deployments are deleted after their successors exist.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import Context, copy_context
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Callable, Collection, Iterable, Iterator, Mapping, Sequence

from httpx import HTTPStatusError
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.deployments.api import create, last_start, update
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.releases import (
    begin_release,
    finish_begun_release,
    finish_release,
    read_releases,
    write_releases,
)
from infrastructure.release.stack.by_hand import reject_missing_rights
from infrastructure.release.stack.resource_changes import reject_losses
from infrastructure.release.stack.update import execute_update, prepare_update
from utils.errors import ClearError, sentence

# A self-hosted server is one process, in which more requests only wait for each other. With
# SQLite, four at once were seen to block until the client's timeout of a minute.
CONCURRENT_REQUESTS = 2
# Prefect's scheduler makes a changed deployment's next runs within some seconds.
SOON = timedelta(seconds=15)
# The number of deployments that are changed in less time than that.
BATCH = 25


def apply_stack(
    plan: ReleasePlan, client: SyncPrefectClient, lose: Collection[str] = ()
) -> None:
    """Update the platform's stack if anything in it changes.

    Args:
        plan: Plan to carry out.
        client: Prefect API client.
        lose: Logical names of resources that may be replaced or deleted with their data.

    Raises:
        ClearError: The image does not exist, a role lacks a right, a resource would be lost
            that is not named, or CloudFormation refuses the update or rolls it back.
    """
    if plan.stack_change.differences:
        _require_image(plan)
        reject_missing_rights(plan.stack.name, plan.by_hand)
        if change_set := prepare_update(plan.stack, plan.stack_change, lose):
            _begin(plan, client)
            execute_update(plan.stack, change_set)


def apply_deployments(plan: ReleasePlan, client: SyncPrefectClient) -> None:
    """Change the deployments that differ, and record the release.

    Raises:
        ClearError: The image does not exist, or Prefect refuses a deployment.
    """
    if plan.deployments_change:
        _require_image(plan)
        _begin(plan, client)
        _change_deployments(plan, client)
        finish_release(client, plan.commit)
    else:
        finish_begun_release(client, plan.commit, plan.image.name)


def apply_rollback(plan: ReleasePlan, client: SyncPrefectClient) -> None:
    """Restore a release: its deployments, which take seconds, then the worker.

    Raises:
        ClearError: The image is gone, or Prefect or CloudFormation refuses a change.
    """
    _require_image(plan)
    reject_losses(plan.stack.name, plan.stack_change.resources or ())
    _change_deployments(plan, client)
    if plan.stack_change.differences:
        if change_set := prepare_update(plan.stack, plan.stack_change):
            execute_update(plan.stack, change_set)
    write_releases(client, read_releases(client)[1:])


def _begin(plan: ReleasePlan, client: SyncPrefectClient) -> None:
    begin_release(client, plan.commit, plan.image.name, plan.stack.processor)


def _require_image(plan: ReleasePlan) -> None:
    if plan.image.build:
        raise ClearError(
            f"The image {plan.image.name} is not in the image repository. Nothing was"
            " changed. Build and push it first, as infrastructure/README.md says."
        )


def _change_deployments(plan: ReleasePlan, client: SyncPrefectClient) -> None:
    current = {each.current.full_name: each.current for each in plan.update}
    created = _run_all(
        {each.full_name: partial(create, client, each) for each in plan.create}
    )
    current |= {each.full_name: each for each in created}
    planned = [*plan.create, *(each.planned for each in plan.update)]
    for batch in _batches(planned):
        _wait_for_due_runs([current[each.full_name] for each in batch], client)
        _run_all(
            {
                each.full_name: partial(update, client, each, current[each.full_name])
                for each in batch
            }
        )
    _wait_for_due_runs(plan.delete, client)
    _run_all({each.full_name: partial(_delete, client, each) for each in plan.delete})


def _batches(
    deployments: Sequence[ServerDeployment],
) -> Iterator[Sequence[ServerDeployment]]:
    for start in range(0, len(deployments), BATCH):
        yield deployments[start : start + BATCH]


def _wait_for_due_runs(
    deployments: Iterable[ServerDeployment], client: SyncPrefectClient
) -> None:
    """Wait until scheduled runs that are due soon have started.

    A change of a deployment deletes its scheduled runs. The scheduler makes them again some
    seconds later, so that a run due in between would be lost.
    """
    ids = [each.server_id for each in deployments if each.fields["schedules"]]
    while ids and (start := last_start(client, ids, SOON)):
        time.sleep((start - datetime.now(timezone.utc)).total_seconds() + 1)


def _run_all(steps: Mapping[str, Callable[[], Any]]) -> list[Any]:
    """Run steps concurrently, and retry failed ones one after the other.

    A busy server, as SQLite soon is, accepts them one at a time. After a failure no other
    step is started concurrently, and a step that fails twice ends the release.

    Args:
        steps: Functions by the full name of their deployment.

    Returns:
        The steps' results in their order.

    Raises:
        ClearError: A step failed twice.
    """
    context = _context_without_retries()
    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as executor:
        futures = {
            name: executor.submit(context.copy().run, step)
            for name, step in steps.items()
        }
        wait(futures.values(), return_when=FIRST_EXCEPTION)
        executor.shutdown(cancel_futures=True)
    results = {
        name: future.result()
        for name, future in futures.items()
        if not future.cancelled() and not future.exception()
    }
    remaining = [name for name in steps if name not in results]
    # Failed steps come first: what fails again, fails before another one is started.
    for name in sorted(remaining, key=lambda name: futures[name].cancelled()):
        try:
            results[name] = steps[name]()
        except Exception as error:
            raise ClearError(
                f"Prefect's API refuses the deployment {name}: {_reason(error)}"
                f" {len(results)} of {len(steps)} are done, and production is usable."
                " Fix the cause and run this again: it continues where it stopped."
            ) from error
    return [results[name] for name in steps]


def _context_without_retries() -> Context:
    """Return a context in which Prefect's client does not retry requests."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        return copy_context()


def _reason(error: BaseException) -> str:
    """Return an error's message, or the detail of the API's response."""
    if isinstance(error, HTTPStatusError):
        try:
            return sentence(error.response.json()["detail"])
        except (ValueError, KeyError, TypeError):
            return sentence(f"{error.response.status_code} {error.response.text}")
    return sentence(error)


def _delete(client: SyncPrefectClient, deployment: ServerDeployment) -> None:
    try:
        client.delete_deployment(deployment.server_id)
    except ObjectNotFound:  # Somebody else deleted it meanwhile.
        pass
