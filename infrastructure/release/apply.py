"""Carries out a release plan in an order that keeps production usable after each step.

The image exists before a deployment names it. The stack changes before the deployments that
run in it. Old deployments are deleted after their successors exist.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Callable, Collection, Mapping, Sequence

from httpx import HTTPStatusError
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from infrastructure.release.deployments import ServerDeployment
from infrastructure.release.deployments.api import create, last_start, update
from infrastructure.release.git import Clone
from infrastructure.release.plan import ReleasePlan
from infrastructure.release.planning import plan_restoration
from infrastructure.release.releases import (
    Release,
    Superseded,
    begin,
    check_latest,
    finish,
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


Say = Callable[[str], None]


@dataclass
class Application:
    """A plan that is carried out, and what has been done of it."""

    plan: ReleasePlan
    client: SyncPrefectClient
    say: Say
    """Function that shows a line of progress."""
    release: Release | None = None
    """Its record, once it has begun."""
    has_changed_stack: bool = False

    def change_stack(self, lose: Collection[str] = ()) -> None:
        """Update the platform's stack if anything in it changes.

        Args:
            lose: Logical names of resources that may be replaced or deleted with their
                data.

        Raises:
            ClearError: The image does not exist, a role lacks a right, a resource would be
                lost that is not named, another release has begun, or CloudFormation
                refuses the update or rolls it back.
        """
        plan = self.plan
        if not plan.stack_change.differences:
            return
        self._require_image()
        reject_missing_rights(plan.stack.name, plan.by_hand)
        if change_set := prepare_update(plan.stack, plan.stack_change, lose):
            self.begin()
            self.say(
                f"stack {plan.stack.name}: CloudFormation updates it, mostly in minutes"
            )
            start, self.has_changed_stack = time.monotonic(), True
            execute_update(plan.stack, change_set)
            seconds = time.monotonic() - start
            self.say(f"stack {plan.stack.name}: updated after {seconds:.0f} s")

    def change_deployments(self) -> None:
        """Change the deployments that differ.

        Raises:
            ClearError: The image does not exist, another release has begun, or Prefect
                refuses a deployment.
        """
        plan = self.plan
        if not plan.deployments_change:
            return
        self.begin()
        current = {each.current.full_name: each.current for each in plan.update}
        created = _run_all(
            {each.full_name: partial(create, self.client, each) for each in plan.create}
        )
        current |= {each.full_name: each for each in created}
        planned = [*plan.create, *(each.planned for each in plan.update)]
        for done in range(0, len(planned), BATCH):
            batch = planned[done : done + BATCH]
            self._get_ready([current[each.full_name] for each in batch])
            _run_all(
                {
                    each.full_name: partial(
                        update, self.client, each, current[each.full_name]
                    )
                    for each in batch
                }
            )
            self.say(f"deployments: {done + len(batch)} of {len(planned)} written")
        self._get_ready(plan.delete)
        _run_all(
            {
                each.full_name: partial(_delete, self.client, each)
                for each in plan.delete
            }
        )
        if plan.delete:
            self.say(f"deployments: {len(plan.delete)} deleted")

    def finish(self) -> None:
        """Record that production has all of the release.

        Also of a release that failed after its last change: the commit and the image are
        those now released, which may be newer.
        """
        latest = self.plan.record.latest
        if self.release is None and latest and not latest.is_finished:
            image, commit = self.plan.image.name, self.plan.commit
            self.release = replace(latest, commit=commit, image=image)
        if self.release:
            check_latest(self.client, self.release)
            finish(self.client, self.release)
            check_latest(self.client, self.release)

    def begin(self) -> None:
        """Record the release if this is its first change, and else look for others.

        Raises:
            ClearError: The image does not exist, a rollback would lose something, or another
                release has begun.
        """
        if self.release:
            check_latest(self.client, self.release)
            return
        self._require_image()
        plan = self.plan
        if plan.takes_back:
            reject_losses(plan.stack.name, plan.stack_change.resources or ())
        latest, image = plan.record.latest, plan.image.name
        if (
            latest
            and not latest.is_finished
            and (latest.commit, latest.image, latest.takes_back)
            == (plan.commit, image, plan.takes_back)
        ):
            self.release = latest  # It goes on.
            check_latest(self.client, latest)
        else:
            new = Release.now(plan.commit, image, plan.stack.processor, plan.takes_back)
            self.release = begin(self.client, new, plan.record)

    def _require_image(self) -> None:
        image = self.plan.image
        if image.build:
            raise ClearError(
                f"The image {image.name} is not in the image repository. Nothing was"
                " changed. Build and push it first, as infrastructure/README.md says."
            )

    def _get_ready(self, deployments: Sequence[ServerDeployment]) -> None:
        """Wait until scheduled runs that are due soon have started, and look for others.

        A change of a deployment deletes its scheduled runs. The scheduler makes them again
        some seconds later, so that a run due in between would be lost.
        """
        ids = [each.server_id for each in deployments if each.fields["schedules"]]
        while ids and (start := last_start(self.client, ids, SOON)):
            seconds = (start - datetime.now(timezone.utc)).total_seconds() + 1
            self.say(f"deployments: a run is due, and starts first, in {seconds:.0f} s")
            time.sleep(seconds)
        self.begin()


def give_way(error: Superseded, late: Application, clone: Clone) -> None:
    """Bring back what late writes may have changed of the release that has begun since.

    Args:
        error: Error of the release that ends.
        late: What that has done.
        clone: Git clone of the project.

    Raises:
        ClearError: The other release's commit is not in the clone.
    """
    if late.release is None:
        return
    winner = error.winner
    if not clone.find(winner.commit):
        raise ClearError(
            f"{error} Something of it may have come too late: release {winner.commit} again,"
            " which is not in this clone."
        ) from error
    late.say(f"Production is brought back to {winner}.")
    plan = plan_restoration(clone, late.plan.stack.name, late.client, winner)
    again = Application(plan, late.client, late.say, winner)
    try:
        again.change_deployments()
        if late.has_changed_stack:
            again.change_stack()
    except Superseded as newer:
        give_way(newer, again, clone)


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
