"""What the person at the machine uses goes on working: UI, CLI, worker, `python -m`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.infrastructure import systemd_units
from tests.infrastructure.local_server.pages import send
from tests.repository.tree import copy_repository
from tests.samples.page_attacks import commanding
from tests.samples.page_requests import COMMAND, MARK
from tests.servers.chromium import quick_run
from tests.servers.local_server import RunningServer
from tests.servers.prefect import prefect_command, running_worker
from tests.servers.python import python
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

DEPLOYMENT = "hello_world/dev"


@pytest.fixture(scope="module")
def clone(
    server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A clone whose flow is deployed, and a worker that runs it."""
    clone = copy_repository(tmp_path_factory.mktemp("deployed") / "a clone")
    run(server, clone, python(), "-m", "blocks", "apply", "dev")
    name = f"flows.hello_world.{DEPLOYMENT}"
    run(server, clone, *prefect_command(), "--no-prompt", "deploy", "-n", name)
    worker = [python(), *systemd_units.words("worker")]
    with running_worker(worker, clone, environment(server)):
        yield clone


def environment(server: RunningServer) -> dict[str, str]:
    kept = {k: v for k, v in server.environment.items() if not k.startswith("DLT_")}
    return kept | {"PREFECT_CLI_PROMPT": "false", "CHECK_IP_URL": "http://127.0.0.1:9"}


def run(server: RunningServer, clone: Path, *command: str) -> str:
    """Run a command that has to succeed, and return what it prints."""
    done = subprocess.run(
        command, cwd=clone, env=environment(server), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def page(person: BrowserContext) -> Iterator[Page]:
    page = person.new_page()
    yield page
    page.close()


def states(server: RunningServer) -> list[str]:
    """Return the states of the deployment's runs."""
    found = server.ask(
        "POST", "/flow_runs/filter", {"deployments": {"name": {"any_": ["dev"]}}}
    )
    return [each["state_type"] for each in found]


def test_a_worker_completes_runs_of_the_ui_and_of_the_command_line(clone, server, page):
    page.goto(f"{server.url}/v2/flows")
    page.get_by_role("link", name="hello_world").wait_for()
    found = server.ask("GET", f"/deployments/name/{DEPLOYMENT}")
    address = f"{server.url}/v2/deployments/deployment/{found['id']}"
    quick_run(page, address)
    until(lambda: len(states(server)) == 1, "the UI's run")
    run(server, clone, *prefect_command(), "deployment", "run", DEPLOYMENT)
    until(lambda: states(server) == ["COMPLETED"] * 2, "the end of both runs")
    page.goto(f"{server.url}/v2/runs")
    page.get_by_text("Completed", exact=True).first.wait_for()


def test_a_flow_in_a_terminal_runs_on_the_server(clone, server):
    before = server.ask("POST", "/flow_runs/count", {})
    printed = run(server, clone, python(), "-m", "flows.hello_world")
    assert "temporary server" not in printed
    assert server.ask("POST", "/flow_runs/count", {}) == before + 1


def test_what_a_page_makes_runs_no_command(clone, server, person, site, planted):
    """A person who makes the same has it run by the worker."""
    stolen = Path(planted["stolen"])
    found = server.ask("GET", f"/deployments/name/{DEPLOYMENT}")
    ids = planted | {"pool": "dev", "deployment": found["id"]}
    chain = [each for each in commanding() if "deployments/" in each.name]
    making = [each for each in chain if each.name.startswith("POST")]
    assert len(making) == 4  # a deployment and a run, each without and with a token
    send(person, "rebinding", server, site, making, ids, at_once=False)
    own = server.home / "made by the person"
    deployment = server.ask(
        "POST",
        "/deployments/",
        {
            "name": "a command of the person",
            "flow_id": planted["flow"],
            "work_pool_name": "dev",
            "job_variables": {"command": COMMAND.format(stolen=f"'{own}'")},
        },
    )
    server.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", {})
    until(own.exists, "the person's command")
    assert not stolen.exists()
    for kind in ("flows", "deployments", "flow_runs", "work_pools"):
        assert MARK not in str(server.ask("POST", f"/{kind}/filter", {}))
