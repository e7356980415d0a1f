"""Calls of AWS: throttling must neither lose a run nor start it twice."""

from __future__ import annotations

import pytest

from tests.end_to_end.platform import Platform
from tests.end_to_end.throttled_runs import DEPLOYMENT, run_throttled

pytestmark = pytest.mark.slow


def test_an_unchanged_deployment_registers_no_task_definition(platform: Platform):
    """Includes a replaced worker, whose cache is empty."""
    platform.completed(DEPLOYMENT)  # the first run registers one
    platform.cloud.forget_calls()

    complete_two(platform)
    platform.replace_worker()
    complete_two(platform)

    worker = platform.outputs["WorkerRoleArn"].rpartition("/")[2]
    assert not platform.cloud.calls(action="RegisterTaskDefinition", who=worker)
    assert len(platform.cloud.calls(action="RunTask", who=worker)) == 4


def test_runs_that_start_at_once_survive_throttling(platform: Platform):
    """Expects every run to complete in one task."""
    assert run_throttled(platform, 4) == {("Completed", 1): 4}


def complete_two(platform: Platform) -> None:
    runs = [platform.start(DEPLOYMENT) for _ in range(2)]
    assert all(platform.wait(each).state.is_completed() for each in runs)
