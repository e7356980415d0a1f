"""A load that fails for a moment is done again, one that fails for good is not."""

from __future__ import annotations

import time

import pytest
from prefect import flow

from utils.errors import ClearError
from utils.load_task import load_task


@pytest.mark.parametrize(
    "error, attempts", [(ConnectionResetError("gone"), 4), (ClearError("wrong"), 1)]
)
def test_only_what_may_pass_is_tried_again(prefect_api, error, attempts):
    tried: list[int] = []

    @load_task(name="Fail")
    def fail() -> None:
        tried.append(1)
        raise error

    @flow
    def failing() -> None:
        fail.with_options(retry_delay_seconds=0)()

    assert failing(return_state=True).is_failed()
    assert len(tried) == attempts


def test_a_flow_whose_time_is_up_ends(prefect_api):
    tried: list[int] = []

    @load_task(name="Hang")
    def hang() -> None:
        tried.append(1)
        time.sleep(60)

    @flow(timeout_seconds=1)
    def hanging() -> None:
        hang.with_options(retry_delay_seconds=0)()

    state = hanging(return_state=True)
    assert state.is_failed()
    assert len(tried) == 1


def test_the_pauses_grow():
    @load_task(name="Load")
    def load() -> None: ...

    assert load.retry_delay_seconds == [10, 20, 40]
    assert load.retry_jitter_factor == 0.5
