"""Whether a task tries again after an error."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect.context import FlowRunContext, TaskRunContext

from utils.errors.transient import is_worth_retrying


def is_tried_again(error: BaseException) -> bool:
    """Return whether the task in progress, if there is one, tries again after an error."""
    attempt = TaskRunContext.get()
    if attempt is None or attempt.task_run.run_count > attempt.task.retries:
        return False
    return is_worth_retrying(error) and _has_time_to_wait(attempt)


def _has_time_to_wait(attempt: TaskRunContext) -> bool:
    """Return whether the flow's time lasts until the next attempt.

    Its time would be up in the middle of the wait, and hide the error.
    """
    run = FlowRunContext.get()
    if run is None or not (run.flow and run.flow.timeout_seconds):
        return True
    given = attempt.task.retry_delay_seconds or 0
    waits = given if isinstance(given, list) else [given]
    wait = waits[min(attempt.task_run.run_count, len(waits)) - 1]
    longest = wait * (1 + (attempt.task.retry_jitter_factor or 0))
    elapsed = datetime.now(UTC) - run.start_time
    return elapsed.total_seconds() + longest < run.flow.timeout_seconds
