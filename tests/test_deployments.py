"""From prefect.yaml to completed runs: a clone, the commands of the README, a worker.

Everything is real: the server, `prefect deploy --all`, a process worker, the runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Iterator
from uuid import UUID

import pytest
import yaml

from tests.duckdb_warehouse import count
from tests.prefect_api import artifacts_of, deployment_named, flow_run_with, logs_of
from tests.prefect_server import PREFECT, stop
from tests.repository import copy_repository


@pytest.fixture(scope="module")
def deployed(
    prefect_api: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A clone whose deployments are on the server, with a worker for the pool `dev`."""
    clone = copy_repository(tmp_path_factory.mktemp("deployed") / "a clone")
    prefect(clone, "work-pool", "create", "dev", "--type", "process")
    prefect(clone, "deploy", "--all")
    worker = subprocess.Popen(
        [*PREFECT, "worker", "start", "--pool", "dev"],
        cwd=clone.parent,  # a worker may be started anywhere
        env=environment() | {"PREFECT_WORKER_QUERY_SECONDS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield clone
    finally:
        stop(worker)


def environment() -> dict[str, str]:
    """That of the tests, without the ways that keep dlt out of the repository."""
    return {k: v for k, v in os.environ.items() if not k.startswith("DLT_")} | {
        "PREFECT_CLI_PROMPT": "false",
        "CHECK_IP_URL": "http://127.0.0.1:9",
        "COLUMNS": "200",
    }


def prefect(clone: Path, *arguments: str, ends_with: int = 0) -> str:
    """Run a command of Prefect's in the clone, and return what it printed."""
    done = subprocess.run(
        [*PREFECT, *arguments],
        cwd=clone,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == ends_with, done.stdout + done.stderr
    return done.stdout


def run_to_the_end(
    clone: Path, deployment: str, *options: str, ends_with: int = 0
) -> dict[str, Any]:
    """Run a deployment as a person would, and return the run as the API has it."""
    command = ("deployment", "run", deployment, *options, "--watch")
    printed = prefect(clone, *command, ends_with=ends_with)
    return flow_run_with(UUID(re.search(r"UUID: ([0-9a-f-]{36})", printed)[1]))


def test_every_deployment_is_on_the_server(deployed):
    wanted = yaml.safe_load((deployed / "prefect.yaml").read_text())["deployments"]
    for each in wanted:
        flow = each["entrypoint"].rpartition(".")[2]
        there = deployment_named(f"{flow}/{each['name']}")
        assert there["entrypoint"] == each["entrypoint"]
        assert there["work_pool_name"] == "dev"
        assert (there["description"], there["tags"]) == (
            each["description"],
            each["tags"],
        )
        assert there["pull_steps"] == [
            {
                "prefect.deployments.steps.set_working_directory": {
                    "directory": str(deployed)
                }
            }
        ]
        assert [
            (s["schedule"]["cron"], s["schedule"]["timezone"], s["active"])
            for s in there["schedules"]
        ] == [
            (s["cron"], s["timezone"], s["active"]) for s in each.get("schedules", [])
        ]


def test_exchange_rates_runs_to_completed_and_leaves_logs_and_artifacts(deployed):
    run = run_to_the_end(deployed, "exchange_rates/dev")

    assert run["state_type"] == "COMPLETED"
    logs = logs_of(run["id"])
    rows = count(deployed / "warehouse.duckdb")
    assert ("utils.progress", f"Extract: {rows:,} rows") in [
        (log.name, log.message.rpartition(" in ")[0]) for log in logs
    ]
    artifacts = artifacts_of(run["id"])
    assert json.loads(artifacts["exchange-rates-load"]["data"])[0]["rows"] == rows
    assert artifacts["exchange-rates-progress"]["data"] == 100


def test_hello_world_and_the_commands_to_look_around(deployed):
    run = run_to_the_end(deployed, "hello_world/dev")

    assert run["state_type"] == "COMPLETED"
    assert "Work pool dev" in prefect(deployed, "flow-run", "logs", run["id"])
    assert version("prefect") in prefect(deployed, "version")
    assert "dev" in prefect(deployed, "work-pool", "ls")
    listed = prefect(deployed, "deployment", "ls")
    assert "exchange_rates/dev" in listed and "hello_world/dev" in listed
    inspected = prefect(deployed, "deployment", "inspect", "exchange_rates/dev")
    assert "flows.exchange_rates.exchange_rates" in inspected


def test_a_failed_run_is_failed_and_its_log_says_why(deployed):
    run = run_to_the_end(
        deployed,
        "exchange_rates/dev",
        *("--param", "refresh=true", "--job-variable"),
        'env={"SOURCES__EXCHANGE_RATES__PUBLICATION_URL": "http://127.0.0.1:9",'
        ' "RUNTIME__REQUEST_BACKOFF_FACTOR": "0.001"}',
        ends_with=1,
    )
    assert run["state_type"] == "FAILED"
    assert any("127.0.0.1" in log.message for log in logs_of(run["id"]))


def test_a_process_that_exits_is_a_crash_which_alerts_match(deployed):
    run = run_to_the_end(
        deployed, "test_alert/dev", "--param", "way=exits", ends_with=1
    )
    assert (run["state_type"], run["state_name"]) == ("CRASHED", "Crashed")
    assert "alerts" in run["tags"]
