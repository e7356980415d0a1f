"""The task that a flow loads with: it tries again what may work the next time."""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable, ParamSpec, TypeVar

from prefect import Task, task
from prefect.tasks import exponential_backoff

from utils.configuration_errors import plain_configuration_errors
from utils.errors.transient import is_worth_retrying
from utils.runs.logging import get_logger
from utils.vault_provider import refresh_secrets

P = ParamSpec("P")
R = TypeVar("R")


def load_task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Prefect's `task` for a function that loads. It takes the same options.

    Each attempt begins with the vault's secrets as they are then, and says in plain words
    what is wrong with a setting.
    """

    def make(function: Callable[P, R]) -> Task[P, R]:
        @wraps(function)
        def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
            with plain_configuration_errors():
                refresh_secrets()
                return function(*args, **kwargs)

        # About 10, 20 and 40 seconds later, up to half as long again, so that flows that
        # failed together do not come back together.
        return task(
            attempt,
            retries=3,
            retry_delay_seconds=exponential_backoff(backoff_factor=10),
            retry_jitter_factor=0.5,
            retry_condition_fn=_may_pass,
            **options,
        )

    return make


def _may_pass(task: Any, run: Any, state: Any) -> bool:
    if is_worth_retrying(state.result(raise_on_failure=False)):
        return True
    # No look at the error: each database and API words a refused password in its own way.
    if refresh_secrets():
        get_logger().warning("A secret was rotated meanwhile: trying again with it")
        return True
    return False
