"""Fails on purpose, to prove that an alert arrives.

What: `raises` ends the run as Failed, and `times out` as TimedOut (which is Failed,
too). `exits` ends the process at once, as a lack of memory does, and the worker calls
the run Crashed. From a command line there is no worker: such a run stays Running until
Prefect misses its heartbeats. After these, `succeeds` is told as a recovery. It loads
nothing.

When: after every change to the alerts, and now and then: alerts break unnoticed.

Again: safe at any time.

When it fails: it is meant to, and a message has to arrive within two minutes. If none
does, look at the log of watch, then at the automations in Prefect's UI and at the events of
their actions, which have the place's answer. infrastructure/alerts.md says what is told.
"""

import os
import time
from typing import Literal

from prefect import flow

from utils.errors import ClearError
from utils.errors.redacted import redacted_errors
from utils.runs.command_line import run_from_command_line
from utils.runs.logging import get_logger
from utils.runs.run_names import flow_run_name

TIMEOUT_SECONDS = 5
EXIT_CODE = 70
Way = Literal["raises", "times out", "exits", "succeeds"]


@flow(name="test_alert", flow_run_name=flow_run_name, timeout_seconds=TIMEOUT_SECONDS)
@redacted_errors
def test_alert(*, way: Way = "raises") -> None:
    """Fail on purpose, to prove that alerts arrive.

    Args:
        way: How the run ends: raises as Failed, times out as TimedOut, exits as Crashed;
            succeeds, after one of these, is told as a recovery.
    """
    get_logger().info("This run %s on purpose", way)
    if way == "succeeds":
        return
    if way == "raises":
        raise ClearError("This run failed on purpose, to prove that alerts arrive.")
    if way == "exits":
        os._exit(EXIT_CODE)
    while True:  # times out
        time.sleep(1)


if __name__ == "__main__":
    run_from_command_line(test_alert)
