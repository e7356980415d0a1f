"""Parts of the drill on the compose file's services."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Iterable
from uuid import UUID

import httpx
from prefect.client.schemas.objects import FlowRun, StateType

from tests.drills.compose_platform import ComposePlatform
from tests.servers.chromium import quick_run, running_chromium
from tests.servers.duckdb_warehouse import EXCHANGE_RATES
from tests.servers.local_server import password
from tests.servers.waiting import until

KILLED = ("server", "database", "worker")
# A deployment whose run was lost has no other run for minutes: there are many of them.
DEPLOYMENTS = 80
AT_ONCE = 8
# A run that was lost ends after 3.5 minutes, and the slot of another one may take six.
NORMAL_WITHIN = 15 * 60.0


def kills(platform: ComposePlatform, times: int) -> str:
    """Kill server, database and worker in turn, at random moments, while runs go.

    Then the numbers of runs that did not complete are loaded again, as their schedule would.
    """
    names = [f"killed_{number}" for number in range(DEPLOYMENTS)]
    deployments = {platform.deploy(each, concurrency_limit=1): 0 for each in names}
    chance = random.Random(times)
    runs: list[FlowRun] = []
    worker_killed = datetime.now(UTC)
    for time_ in range(times):
        for deployment in _idle(platform, deployments, runs, worker_killed):
            number = deployments[deployment]
            seconds = chance.uniform(1, 15)
            runs.append(platform.run(deployment, number=number, seconds=seconds))
            deployments[deployment] += 1
        until(
            lambda: _going(platform, runs, worker_killed),
            "a run that goes",
            300,
            every=1,
        )
        time.sleep(chance.uniform(0, 8))
        killed = KILLED[time_ % len(KILLED)]
        platform.kill(killed)
        if killed == "worker":
            worker_killed = datetime.now(UTC)
        print(f"{time_ + 1}: {killed} killed, {len(runs)} runs", flush=True)
        until(lambda: _is_ready(platform), "the server with its database", 120)
    began = time.monotonic()
    until(lambda: platform.have_ended(runs), "the runs' ends", NORMAL_WITHIN, every=2)
    seconds = time.monotonic() - began
    ended = platform.runs(runs)
    twice = [run.name for run in ended if _began(platform, run) > 1]
    assert not twice, f"begun twice: {twice}"
    lost = [run for run in ended if run.state_type != StateType.COMPLETED]
    again = [
        platform.run(run.deployment_id, **{**run.parameters, "seconds": 1.0})
        for run in lost
        if run.deployment_id
    ]
    platform.wait_for(again, "Completed", within=NORMAL_WITHIN)
    told = [
        platform.wrong_rows([name], runs=number)
        for name, number in zip(names, deployments.values())
        if number
    ]
    return (
        f"{times} kills, {len(runs)} runs: {len(runs) - len(lost)} completed, {len(lost)}"
        f" ended otherwise and were run again; all had ended {seconds:.0f} s after the last"
        f" kill; none begun twice; {told[0]} in {len(told)} datasets"
    )


def ui(platform: ComposePlatform) -> str:
    """Sign in to the UI in Chromium, and start a run of exchange_rates/dev by its button."""
    platform.deploy_all()
    with platform.client as client:
        deployment = client.read_deployment_by_name("exchange_rates/dev").id
    with running_chromium() as browser:
        page = browser.new_page(base_url=platform.url.removesuffix("/api"))
        page.set_default_timeout(120_000)
        page.goto("/", wait_until="networkidle")
        field = page.locator("input[type=password]")
        field.fill("dev:wrong")
        field.press("Enter")
        page.get_by_text("Invalid credentials").wait_for()
        field.fill(password(platform.home))
        field.press("Enter")
        page.get_by_text("Deployments").first.wait_for()
        quick_run(page, f"/deployments/deployment/{deployment}")
        (run,) = until(lambda: platform.runs_of(deployment), "the run", 60)
        platform.wait_for([run], "Completed", within=120)
        page.goto(f"/runs/flow-run/{run.id}")
        page.get_by_text("Completed", exact=True).first.wait_for()
    ((rows,),) = platform.warehouse.query(f"SELECT count(*) FROM {EXCHANGE_RATES}")
    return f"signed in, {run.name} completed, with {rows} rows in the warehouse"


def _is_ready(platform: ComposePlatform) -> bool:
    """Return whether the server reaches its database, with each of its connections.

    After the end of the database each of the old ones fails once.
    """
    try:
        with platform.client as client:
            for _ in range(5):
                client.read_work_pools()
            return True
    except httpx.HTTPError:
        return False


def _idle(
    platform: ComposePlatform,
    deployments: Iterable[UUID],
    runs: list[FlowRun],
    worker_killed: datetime,
) -> list[UUID]:
    """Return deployments without a run, so many that some runs go at once."""
    now = platform.runs(runs)
    left = [run for run in now if not (run.state and run.state.is_final())]
    busy = {run.deployment_id for run in left}
    dead = sum(_began_before(run, worker_killed) for run in left)
    idle = [each for each in deployments if each not in busy]
    return idle[: max(0, AT_ONCE - (len(left) - dead))]


def _going(
    platform: ComposePlatform, runs: list[FlowRun], worker_killed: datetime
) -> bool:
    """Return whether a run goes, whose process has not gone with its worker."""
    return any(
        run.state_name == "Running" and not _began_before(run, worker_killed)
        for run in platform.runs(runs)
    )


def _began_before(run: FlowRun, moment: datetime) -> bool:
    return bool(run.start_time and run.start_time < moment)


def _began(platform: ComposePlatform, run: FlowRun) -> int:
    """Return how often a run began."""
    with platform.client as client:
        states = client.read_flow_run_states(run.id)
    return sum(state.type == StateType.RUNNING for state in states)
