"""Parts of the drill in which runs wait for each other."""

from __future__ import annotations

import subprocess
import time
from datetime import date, timedelta
from uuid import UUID

from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import IntervalSchedule

from tests.drills.platform import Platform
from tests.drills.slow_load import day_dataset, slow_day
from tests.repository.tree import ROOT
from tests.servers.python import python
from tests.servers.waiting import until


def queue(platform: Platform, runs: int = 40) -> str:
    """Runs are started together, two of each deployment, one of which has to wait."""
    names = [f"queue_{number}" for number in range(runs // 2)]
    deployments = [platform.deploy(name, concurrency_limit=1) for name in names]
    waiting = [
        platform.run(deployment, number=number, seconds=1.0)
        for number in range(2)
        for deployment in deployments
    ]
    seconds = platform.wait_for(waiting, "Completed", within=30 * 60)
    return f"{runs} runs in {seconds:.0f} s; {platform.wrong_rows(names, 2)}"


def one_at_a_time(platform: Platform, runs: int = 13) -> str:
    """All runs are of one deployment."""
    deployment = platform.deploy("one_at_a_time", concurrency_limit=1)
    waiting = [platform.run(deployment, number=n, seconds=1.0) for n in range(runs)]
    seconds = platform.wait_for(waiting, "Completed", within=20 * 60)
    wrong = platform.wrong_rows(["one_at_a_time"], runs)
    return f"{runs} runs in {seconds:.0f} s; {wrong}"


def fast_schedule(platform: Platform) -> str:
    """For four minutes a schedule starts a run each ten seconds, which takes longer."""
    schedule = IntervalSchedule(interval=timedelta(seconds=10))
    deployment = platform.deploy(
        "fast_schedule",
        concurrency_limit=1,
        parameters={"number": 0, "seconds": 20.0},
        schedules=[DeploymentScheduleCreate(schedule=schedule, active=True)],
    )
    most = 0
    end = time.monotonic() + 4 * 60
    while time.monotonic() < end:
        waits = _unfinished(platform, deployment)
        most = max(most, waits)
        time.sleep(5)
    with platform.client as client:
        client.pause_deployment(deployment)
    began = time.monotonic()
    until(lambda: not _unfinished(platform, deployment), "the last runs", 300)
    seconds = time.monotonic() - began
    ended = [run.state_name for run in platform.runs_of(deployment)]
    assert set(ended) == {"Completed", "Cancelled"}, ended
    return (
        f"{ended.count('Completed')} runs completed, {ended.count('Cancelled')} that"
        f" waited were cancelled, {most} at most were due at once, normal after"
        f" {seconds:.0f} s;"
        f" {platform.wrong_rows(['fast_schedule'])}"
    )


def _unfinished(platform: Platform, deployment: UUID) -> int:
    runs = platform.runs_of(deployment)
    return sum(not (run.state and run.state.is_final()) for run in runs)


def backfill(platform: Platform, days: int = 30) -> str:
    """The worker is lost with the chunks that it runs, and started again."""
    deployment = platform.deploy("days", slow_day, parameters={"seconds": 4.0})
    first = date(2024, 1, 1)
    chosen = [first + timedelta(days=number) for number in range(days)]
    command = [python(), "-m", "flows.backfill", "--deployment", "slow_day/days"]
    command += ["--first-day", str(chosen[0]), "--last-day", str(chosen[-1])]
    command += ["--chunk-days", "1", "--at-once", "4"]
    with (platform.home / "backfill.log").open("w") as log:
        running = subprocess.Popen(
            command, cwd=ROOT, env=platform.environment, stdout=log, stderr=log
        )

    def number(state: str) -> int:
        assert not running.poll(), (platform.home / "backfill.log").read_text()
        runs = platform.runs_of(deployment)
        return sum(run.state_name == state for run in runs)

    def done() -> int:
        return number("Completed")

    until(lambda: done() >= 4 and number("Running") >= 2, "chunks", 600, every=0.2)
    platform.kill("worker")
    before = done()
    platform.start("worker")
    began = time.monotonic()
    # until the places of the lost chunks are taken again
    until(lambda: done() > before, "a chunk after the loss", 600, every=1)
    again = time.monotonic() - began
    until(lambda: done() == days, "the last chunks", 30 * 60, every=1)
    assert running.wait(60) == 0, (platform.home / "backfill.log").read_text()
    seconds = time.monotonic() - began
    ended = [run.state_name for run in platform.runs_of(deployment)]
    names = [day_dataset("days", day) for day in chosen]
    return (
        f"{days} chunks, {ended.count('Crashed')} of them lost with the worker after"
        f" {before}: the next was done after {again:.0f} s, all after {seconds:.0f} s;"
        f" {platform.wrong_rows(names)}"
    )
