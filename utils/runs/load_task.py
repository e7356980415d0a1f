"""The task that a flow loads with: it retries errors that may pass."""

from __future__ import annotations

from functools import wraps
from typing import Any, Callable, ParamSpec, TypeVar

from prefect import Task, task
from prefect.tasks import exponential_backoff

from utils.errors.redacted import redacted_errors
from utils.runs.artifacts.progress import failure_is_shown
from utils.runs.logging import get_logger
from utils.runs.retries import is_tried_again
from utils.runs.run_names import task_run_name
from utils.settings.errors import plain_configuration_errors
from utils.vault_provider import refresh_secrets

P = ParamSpec("P")
R = TypeVar("R")


def load_task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a Prefect task of a function that loads.

    Each attempt reads the vault's secrets again, and explains a wrong setting in words. No
    error has a secret in it.

    Args:
        options: Options of Prefect's `task`.
    """

    def make(function: Callable[P, R]) -> Task[P, R]:
        @wraps(function)
        @redacted_errors
        def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
            with plain_configuration_errors():
                with failure_is_shown():
                    refresh_secrets()
                return function(*args, **kwargs)

        if "name" in options:
            options.setdefault("task_run_name", task_run_name(options["name"]))
        # After about 10, 20 and 40 seconds. The jitter of up to half of that keeps flows
        # that failed together from returning together.
        return task(
            retries=3,
            retry_delay_seconds=exponential_backoff(backoff_factor=10),
            retry_jitter_factor=0.5,
            retry_condition_fn=_may_pass,
            **options,
        )(attempt)

    return make


def _may_pass(task: Any, run: Any, state: Any) -> bool:
    """Return whether another attempt may succeed. Prefect asks after a failed one."""
    if is_tried_again(state.result(raise_on_failure=False)):
        return True
    # Whatever the error: each database and API words a refused password in its own way.
    if refresh_secrets():
        get_logger().warning("A secret was rotated meanwhile: retrying with it")
        return True
    return False
