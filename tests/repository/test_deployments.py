"""From prefect.yaml to completed runs: a clone, the README's commands, a worker.

The server, `prefect deploy`, the process worker and the runs are real. Production's
runs need AWS; here its deployments are only created on the server.
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
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.schedules import CronSchedule

from blocks.ecs_pool import production_pool
from blocks.server import Server
from tests.repository.tree import ROOT, copy_repository
from tests.samples.platform_stack import FOUNDATION, STACK
from tests.servers.duckdb_warehouse import count
from tests.servers.prefect import prefect_command, running_worker
from tests.servers.prefect_api import (
    artifacts_of,
    deployment_named,
    flow_run_with,
    logs_of,
)
from tests.servers.python import python
from tests.servers.waiting import until

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def deployed(
    prefect_api: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A clone with deployments `dev` on the server, and a worker for them."""
    clone = copy_repository(tmp_path_factory.mktemp("deployed") / "a clone")
    make_the_pool, deploy, start_a_worker, _ = commands_of_the_readme("Deployments")
    run(clone, make_the_pool)
    run(clone, deploy)
    # a worker may start in any folder
    with running_worker(start_a_worker, clone.parent, environment()):
        yield clone


@pytest.fixture
def pool_of_production(prefect_api: str) -> Iterator[None]:
    """The pool `production` as made by `python -m blocks apply`.

    Not beside the setting up of `dev`, which refuses it: in use they are no trouble here.
    """
    with get_client(sync_client=True) as client:
        production_pool(STACK, FOUNDATION).create(Server(client))
        yield
        for deployment in client.read_deployments():
            if "production" in deployment.tags:  # its schedules are active
                client.delete_deployment(deployment.id)
        client.delete_work_pool("production")


def commands_of_the_readme(section: str) -> list[list[str]]:
    """Return the section's first commands, for the tests' Python and packages."""
    text = README.partition(f"## {section}\n")[2]
    lines = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1].splitlines()
    return [as_a_module(line.partition("#")[0]) for line in lines]


def as_a_module(command: str) -> list[str]:
    words = command.removeprefix("uv run ").removeprefix("python -m ").split()
    return [python(), "-m", *words]


def run(clone: Path, command: list[str], **variables: str) -> None:
    """Run a command in the clone."""
    done = subprocess.run(
        command,
        cwd=clone,
        env=environment() | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def environment() -> dict[str, str]:
    """Return the tests' environment, but with dlt's settings from the clone."""
    return {k: v for k, v in os.environ.items() if not k.startswith("DLT_")} | {
        "PREFECT_CLI_PROMPT": "false",
        "CHECK_IP_URL": "http://127.0.0.1:9",
        "COLUMNS": "200",
    }


def prefect(clone: Path, *arguments: str, ends_with: int = 0) -> str:
    """Run a command of Prefect in the clone, and return its output."""
    done = subprocess.run(
        [*prefect_command(), *arguments],
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
    """Run a deployment by the command line, and return the run from the API."""
    command = ("deployment", "run", deployment, *options, "--watch")
    printed = prefect(clone, *command, ends_with=ends_with)
    return flow_run_with(UUID(re.search(r"UUID: ([0-9a-f-]{36})", printed)[1]))


def wanted(clone: Path, pool: str) -> list[dict[str, Any]]:
    """Return prefect.yaml's deployments of a pool."""
    deployments = yaml.safe_load((clone / "prefect.yaml").read_text())["deployments"]
    return [each for each in deployments if each["work_pool"]["name"] == pool]


def assert_arrived(each: dict[str, Any], directory: str) -> dict[str, Any]:
    """Compare a deployment with the server's, and return the server's."""
    flow = each["entrypoint"].rpartition(".")[2]
    there = deployment_named(f"{flow}/{each['name']}")
    for key in ("entrypoint", "description", "tags"):
        assert there[key] == each[key]
    assert there["work_pool_name"] == each["work_pool"]["name"]
    assert there["pull_steps"] == [
        {"prefect.deployments.steps.set_working_directory": {"directory": directory}}
    ]
    assert [
        (s["schedule"]["cron"], s["schedule"]["timezone"], s["active"], s["parameters"])
        for s in there["schedules"]
    ] == [
        (s["cron"], s["timezone"], s["active"], s.get("parameters", {}))
        for s in each.get("schedules", [])
    ]
    limit = there["global_concurrency_limit"]
    assert (limit and (limit["limit"], limit["active"])) == (
        (1, True) if "concurrency_limit" in each else None
    )
    if limit:
        assert there["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    return there


def test_every_deployment_for_development_is_on_the_server(deployed):
    deployments = wanted(deployed, "dev")
    assert len(deployments) >= 2
    for each in deployments:
        assert_arrived(each, str(deployed))


def deploy_production(clone: Path, **variables: str) -> None:
    *_, command = re.findall(r"^IMAGE=\S+ (uv run prefect .*deploy .*)$", README, re.M)
    run(clone, as_a_module(command), **variables)


@pytest.mark.slow
def test_every_deployment_for_production_arrives_with_the_image(
    clone, pool_of_production
):
    image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform:0123abc"
    deploy_production(clone, IMAGE=image)
    deployments = wanted(clone, "production")
    assert len(deployments) >= 2
    for each in deployments:
        there = assert_arrived(each, "/app")
        given = each["work_pool"]["job_variables"]
        assert {"cpu", "memory"} <= given.keys() <= {"image", "cpu", "memory", "role"}
        assert there["job_variables"] == given | {"image": image}


def test_production_is_not_deployed_without_an_image(clone, pool_of_production):
    """Relies on the pool: Prefect only warns of the missing variable."""
    with pytest.raises(AssertionError, match="does not match"):
        deploy_production(clone)


def test_exchange_rates_runs_to_completed_and_leaves_logs_and_artifacts(deployed):
    run = run_to_the_end(deployed, "exchange_rates/dev")

    assert run["state_type"] == "COMPLETED"
    logs = logs_of(run["id"])
    rows = count(deployed / "warehouse.duckdb")
    assert ("utils.runs.load_progress", f"Extract: {rows:,} rows") in [
        (log.name, log.message.rpartition(" in ")[0]) for log in logs
    ]
    artifacts = artifacts_of(run["id"])
    assert (
        json.loads(artifacts["dev-exchange-rates-load"]["data"])[0]["rows"]
        == f"{rows:,}"
    )
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


@pytest.mark.slow
def test_a_failed_run_is_failed_and_its_log_says_why(deployed):
    run = run_to_the_end(
        deployed,
        "exchange_rates/dev",
        "--job-variable",
        'env={"DESTINATION__WAREHOUSE__DESTINATION_TYPE": "duckbd"}',
        ends_with=1,
    )
    assert run["state_type"] == "FAILED"
    assert any("duckbd" in log.message for log in logs_of(run["id"]))


@pytest.mark.slow
def test_the_timeout_of_a_flow_ends_its_run(deployed):
    run = run_to_the_end(
        deployed, "test_alert/dev", "--param", "way=times out", ends_with=1
    )
    assert (run["state_type"], run["state_name"]) == ("FAILED", "TimedOut")


@pytest.mark.slow
def test_a_process_that_exits_is_a_crash_which_alerts_match(deployed):
    run = run_to_the_end(
        deployed, "test_alert/dev", "--param", "way=exits", ends_with=1
    )
    assert (run["state_type"], run["state_name"]) == ("CRASHED", "Crashed")
    assert "alerts" in run["tags"]


def test_the_server_plans_the_runs_of_a_schedule(prefect_api):
    """Fails with SQLAlchemy 2.1, under which Prefect's scheduler logs errors only."""
    daily = CronSchedule(cron="0 6 * * *", timezone="UTC")
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(
            flow_id=client.create_flow_from_name("scheduled"),
            name="scheduled",
            schedules=[DeploymentScheduleCreate(schedule=daily, active=True)],
        )
        only = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        until(lambda: client.read_flow_runs(deployment_filter=only), "a scheduled run")
        client.delete_deployment(deployment)
