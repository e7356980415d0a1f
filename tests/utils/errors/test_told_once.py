"""An error is told once in a run's log, read back from a real Prefect server."""

from __future__ import annotations

import logging

import pytest
from prefect import flow, task
from prefect.client.schemas.objects import Log, State

from tests.servers.prefect_api import logs_of
from utils.errors import ClearError
from utils.errors.told_once import FLOWS, TASKS, shorten, tell_errors_once

tell_errors_once()  # as `import utils.runs` does in each flow

MESSAGE = 'It\'s "cold":\nno food.'


@task
def feed() -> None:
    try:
        raise LookupError("the bowl is empty")
    except LookupError as error:
        raise ClearError(MESSAGE) from error


@flow(name="pets")
def pets(in_task: bool = True) -> None:
    if in_task:
        feed()
    raise ClearError(MESSAGE)


def told_by(state: State) -> list[Log]:
    return [log for log in logs_of(state.state_details.flow_run_id) if tells(log)]


def tells(log: Log) -> bool:
    return MESSAGE in log.message or repr(MESSAGE)[1:-1] in log.message


@pytest.mark.parametrize("in_task, logger", [(True, TASKS), (False, FLOWS)])
def test_an_error_is_told_once_by_each_run(prefect_api, in_task, logger):
    for _ in range(2):
        state = pets(in_task, return_state=True)

        assert MESSAGE in state.message
        (log,) = told_by(state)
        assert log.name == logger
        assert log.message.count("no food.") == 1


def test_the_traceback_with_the_causes_stays(prefect_api):
    state = pets(return_state=True)
    lines = [log.message for log in logs_of(state.state_details.flow_run_id)]
    (line,) = [each for each in lines if "during execution" in each]
    assert line.startswith("Encountered exception during execution: ClearError\n")
    assert "LookupError: the bowl is empty" in line
    assert line.endswith("\nutils.errors.ClearError")
    assert lines[-1] == "Finished in state Failed"


def test_an_error_that_is_not_clear_keeps_its_line(prefect_api):
    @flow(name="pets")
    def buggy() -> None:
        raise KeyError("fish")

    state = buggy(return_state=True)
    *_, line, end = [log.message for log in logs_of(state.state_details.flow_run_id)]
    assert "execution: KeyError('fish')" in line and line.endswith("KeyError: 'fish'")
    assert end == "Finished in state Failed"


@pytest.mark.parametrize(
    "line",
    [
        "Finished in state Completed()",
        "Finished in state Failed('a reason that nobody told')",
        "Finished in state TimedOut('too late', type=FAILED)",
        "Finished in state Failed(no text)",
        "Beginning flow run 'x' for flow 'y'",
    ],
)
def test_what_was_not_told_stays(line):
    record = logging.makeLogRecord({"name": FLOWS, "msg": line})
    assert shorten(record) and record.getMessage() == line


def test_a_cancelled_run_is_not_told_as_running():
    line = "Finished in state Running()"
    record = logging.makeLogRecord({"name": FLOWS, "msg": line})
    assert shorten(record)
    assert (
        record.getMessage() == "Ended while Running: cancelled, or ended from outside"
    )
