"""The task that a flow loads with: it tries again what may work the next time."""

from __future__ import annotations

from functools import partial
from typing import Any

from prefect import task
from prefect.tasks import exponential_backoff

from utils.transient_errors import is_worth_retrying


def _may_pass(task: Any, run: Any, state: Any) -> bool:
    return is_worth_retrying(state.result(raise_on_failure=False))


# About 10, 20 and 40 seconds later, up to half as long again, so that flows that
# failed together do not come back together.
load_task = partial(
    task,
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=10),
    retry_jitter_factor=0.5,
    retry_condition_fn=_may_pass,
)
