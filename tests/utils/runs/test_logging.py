"""The run's log, in and outside of runs, read back from a real Prefect server."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading

from prefect import flow, task
from prefect.futures import wait

from tests.repository.tree import ROOT
from tests.servers.prefect_api import logs_of
from utils.runs.logging import get_logger, run_log


def test_outside_of_a_run_it_logs_to_the_console():
    script = "from utils.runs.logging import get_logger; get_logger().info('hello')"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )
    assert "INFO" in done.stderr and "hello" in done.stderr


def test_in_a_flow_and_in_a_task_it_is_the_runs_logger(prefect_api):
    @task
    def say_from_task() -> None:
        get_logger().info("from the task")

    @flow
    def say() -> None:
        get_logger().info("from the flow")
        say_from_task()

    state = say(return_state=True)

    logs = logs_of(state.state_details.flow_run_id)
    assert {(log.name, log.message) for log in logs} >= {
        ("prefect.flow_runs", "from the flow"),
        ("prefect.task_runs", "from the task"),
    }


def test_lines_from_below_the_flows_reach_the_run(prefect_api):
    """dlt's worker threads do not have Prefect's context variables."""

    def work() -> None:
        logging.getLogger("dlt").warning("dlt's %s", "worker")
        logging.getLogger("dlt").info("below dlt's level")
        logging.getLogger("sources.pets").info("page 1")

    @task
    def load() -> None:
        with run_log():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        logging.getLogger("sources.pets").warning("after the load")

    @flow
    def pets() -> None:
        logging.getLogger("dlt").setLevel(logging.WARNING)
        load()

    state = pets(return_state=True)

    logs = logs_of(state.state_details.flow_run_id)
    below = [log for log in logs if not log.name.startswith("prefect")]
    assert [(log.name, log.level, log.message) for log in below] == [
        ("dlt", logging.WARNING, "dlt's worker"),
        ("sources.pets", logging.INFO, "page 1"),
    ]
    assert all(log.task_run_id for log in below)


def test_loads_that_overlap_do_not_lose_lines(prefect_api):
    """A enters, B enters, A leaves, B logs, B leaves."""
    b_entered, a_left = threading.Event(), threading.Event()
    before = logging.getLogger("sources").handlers

    @task
    def load(name: str) -> None:
        with run_log():
            if name == "A":
                b_entered.wait(30)
            else:
                b_entered.set()
                a_left.wait(30)
            logging.getLogger("sources.pets").info("from %s", name)
        if name == "A":
            a_left.set()

    @flow
    def pets() -> None:
        wait([load.submit("A"), load.submit("B")])

    state = pets(return_state=True)

    logs = logs_of(state.state_details.flow_run_id)
    lines = {log.message: log.task_run_id for log in logs if log.name == "sources.pets"}
    assert sorted(lines) == ["from A", "from B"]
    assert len(set(lines.values())) == 2
    assert logging.getLogger("sources").handlers is before


def test_handlers_are_put_back(prefect_api):
    before = logging.getLogger("dlt").handlers
    with run_log():
        assert logging.getLogger("dlt").handlers is not before
    assert logging.getLogger("dlt").handlers is before
