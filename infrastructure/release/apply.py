"""Carries a plan out, in an order in which production is whole after each step.

The image is there before a deployment names it, the stack is changed before the deployments
that run in it, and deployments go when those that follow them are there.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import Context, copy_context
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from httpx import HTTPStatusError
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from infrastructure.release.deployments import Deployed, create, next_start, update
from infrastructure.release.plan import Plan
from infrastructure.release.releases import (
    begin,
    end,
    end_what_was_begun,
    read_releases,
    write_releases,
)
from infrastructure.release.stack.update import execute_update, prepare_update
from utils.errors import ClearError, sentence

# A server of one's own is one process: more only wait for each other there, and with
# SQLite four were seen to hold each other up until the client's timeout of a minute.
AT_ONCE = 2
# A changed deployment's next runs are made by Prefect's scheduler within some seconds.
SOON = timedelta(seconds=15)
# So many are changed in less than that.
BATCH = 25


def apply_stack(plan: Plan, client: SyncPrefectClient) -> None:
    """Change the platform's stack, if anything in it changes.

    Raises:
        ClearError: There is no image yet, or CloudFormation refuses it or took it back.
    """
    if plan.stack_change.differences:
        _need_the_image(plan)
        if change_set := prepare_update(plan.stack, plan.stack_change):
            begin(client, plan.commit, plan.image.name)
            execute_update(plan.stack, change_set)


def apply_deployments(plan: Plan, client: SyncPrefectClient) -> None:
    """Change the deployments, if anything in them changes, and remember the release.

    Raises:
        ClearError: There is no image yet, or Prefect refuses one of them.
    """
    if plan.deployments_change:
        _need_the_image(plan)
        begin(client, plan.commit, plan.image.name)
        _change_deployments(plan, client)
        end(client, plan.commit)
    else:
        end_what_was_begun(client, plan.commit, plan.image.name)


def apply_rollback(plan: Plan, client: SyncPrefectClient) -> None:
    """Put a release back: first its deployments, which takes seconds, then the worker.

    Raises:
        ClearError: Its image is gone, or Prefect or CloudFormation refuse something.
    """
    _need_the_image(plan)
    _change_deployments(plan, client)
    if plan.stack_change.differences:
        if change_set := prepare_update(plan.stack, plan.stack_change):
            execute_update(plan.stack, change_set)
    write_releases(client, read_releases(client)[1:])


def _need_the_image(plan: Plan) -> None:
    if plan.image.build:
        raise ClearError(
            f"The image {plan.image.name} is not in the repository of images. Nothing was"
            " changed. Build and push it first, as infrastructure/README.md says."
        )


def _change_deployments(plan: Plan, client: SyncPrefectClient) -> None:
    there = {each.there.full_name: each.there for each in plan.update}
    made = _do({each.full_name: partial(create, client, each) for each in plan.create})
    there |= {each.full_name: each for each in made}
    wanted = [*plan.create, *(each.wanted for each in plan.update)]
    for batch in _batches(wanted):
        of_batch = {each.full_name: there[each.full_name] for each in batch}
        _let_due_runs_start(of_batch.values(), client)
        steps = [partial(update, client, each, there[each.full_name]) for each in batch]
        _do(dict(zip(of_batch, steps)))
    _let_due_runs_start(plan.delete, client)
    _do({each.full_name: partial(_delete, client, each) for each in plan.delete})


def _batches(deployments: Sequence[Deployed]) -> Iterator[Sequence[Deployed]]:
    for start in range(0, len(deployments), BATCH):
        yield deployments[start : start + BATCH]


def _let_due_runs_start(
    deployments: Iterable[Deployed], client: SyncPrefectClient
) -> None:
    """To change a deployment takes the runs away that wait for their time.

    Those that are made instead begin later: a run due in between would not start at all.
    """
    ids = [each.id for each in deployments if each.fields["schedules"]]
    while ids and (start := next_start(client, ids, SOON)):
        time.sleep((start - datetime.now(timezone.utc)).total_seconds() + 1)


def _do(steps: Mapping[str, Callable[[], Any]]) -> list[Any]:
    """Several at once, by the deployments' names. After a failure no other is begun.

    Once the server is too busy for one, as SQLite soon is, they follow each other.
    """
    context = _asking_once()
    with ThreadPoolExecutor(AT_ONCE) as executor:
        futures = {
            name: executor.submit(context.copy().run, step)
            for name, step in steps.items()
        }
        wait(futures.values(), return_when=FIRST_EXCEPTION)
        executor.shutdown(cancel_futures=True)
    done = {
        name: future.result()
        for name, future in futures.items()
        if not future.cancelled() and not future.exception()
    }
    rest = [name for name in steps if name not in done]
    # those first that went wrong: what is to fail, fails before another is begun
    for name in sorted(rest, key=lambda name: futures[name].cancelled()):
        try:
            done[name] = steps[name]()
        except Exception as error:
            raise ClearError(
                f"Prefect's API refuses the deployment {name}: {_said(error)}"
                f" {len(done)} of {len(steps)} are done. What is in production is whole."
                " Run this again when that is mended: it goes on where it stopped."
            ) from error
    return [done[name] for name in steps]


def _asking_once() -> Context:
    """In it Prefect's client does not ask again by itself."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        return copy_context()


def _said(error: BaseException) -> str:
    """In Prefect's words, if it answered."""
    if isinstance(error, HTTPStatusError):
        try:
            return sentence(error.response.json()["detail"])
        except (ValueError, KeyError, TypeError):
            return sentence(f"{error.response.status_code} {error.response.text}")
    return sentence(error)


def _delete(client: SyncPrefectClient, deployment: Deployed) -> None:
    try:
        client.delete_deployment(deployment.id)
    except ObjectNotFound:  # by somebody else, meanwhile
        pass
