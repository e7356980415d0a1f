"""Parts of the drill in which a process or a machine is lost while runs load."""

from __future__ import annotations

import time
from uuid import UUID

from prefect.client.schemas.objects import FlowRun

from tests.drills.platform import Platform
from tests.drills.prefect_postgres import PrefectPostgres
from tests.servers.waiting import until

NORMAL_WITHIN = 5 * 60.0


def server_away(platform: Platform, away: int, runs: int = 5) -> str:
    """Deployments load while the server is killed and started again.

    Two of them end while it is away, if that is long enough.
    """
    shorter = max(away / 2, 20.0)  # all have to be Running at the same time
    lengths = [shorter, shorter, *([away + 20.0] * (runs - 2))]
    names = [f"away_{away}_{number}" for number in range(runs)]
    begun = [
        platform.run(platform.deploy(name, concurrency_limit=1), number=0, seconds=each)
        for name, each in zip(names, lengths)
    ]
    platform.wait_for(begun, "Running", "Completed", within=180)
    platform.kill("server")
    time.sleep(away)
    platform.start("server")
    seconds = platform.wait_for(begun, "Completed", within=NORMAL_WITHIN + away)
    return (
        f"{runs} of {runs} runs completed, {seconds:.0f} s after the server was back;"
        f" {platform.wrong_rows(names)}"
    )


def server_away_at_the_start(platform: Platform) -> str:
    """The server is killed as soon as the worker has taken one of three runs."""
    names, _, runs = _loads(platform, "starting", 3, seconds=1.0)
    _wait_until_taken(platform, runs)
    platform.kill("server")
    time.sleep(20)
    platform.start("server")
    seconds = platform.wait_for(runs, "Completed", within=NORMAL_WITHIN)
    return (
        f"3 of 3 runs completed, {seconds:.0f} s after the server was back;"
        f" {platform.wrong_rows(names)}"
    )


def database_restarted(platform: Platform, postgres: PrefectPostgres) -> str:
    """The database of Prefect's server stops for half a minute while five runs load."""
    names, _, runs = _loads(platform, "database", 5, seconds=40.0)
    platform.wait_for(runs, "Running", within=180)
    postgres.stop()
    time.sleep(30)
    postgres.start()
    seconds = platform.wait_for(runs, "Completed", within=NORMAL_WITHIN)
    return (
        f"5 of 5 runs completed, {seconds:.0f} s after the database was back;"
        f" {platform.wrong_rows(names)}"
    )


def worker_killed(platform: Platform) -> str:
    """The worker alone is killed, and started again, while three runs load."""
    names, deployments, runs = _loads(platform, "orphaned", 3, seconds=30.0)
    platform.wait_for(runs, "Running", within=180)
    platform.kill("worker", with_runs=False)
    platform.start("worker")
    successors = [platform.run(each, number=0, seconds=1.0) for each in deployments]
    seconds = platform.wait_for([*runs, *successors], "Completed", within=NORMAL_WITHIN)
    return (
        f"3 of 3 runs and 3 successors completed in {seconds:.0f} s;"
        f" {platform.wrong_rows(names)}"
    )


def lost(platform: Platform, *processes: str) -> str:
    """Processes and three runs are killed together, and the processes started again.

    The next run of each deployment is there at once.
    """
    prefix = f"lost_with_{processes[-1]}"
    names, deployments, dead = _loads(platform, prefix, 3, seconds=60.0)
    platform.wait_for(dead, "Running", within=180)
    for name in processes:
        platform.kill(name)
    began = time.monotonic()
    for name in reversed(processes):
        platform.start(name)
    successors = [platform.run(each, number=0, seconds=1.0) for each in deployments]
    platform.wait_for(successors, "Completed", within=2 * NORMAL_WITHIN)
    platform.wait_for(dead, "Crashed", within=60)
    seconds = time.monotonic() - began
    assert seconds < NORMAL_WITHIN, f"normal after {seconds:.0f} s"
    return (
        f"3 lost runs crashed ({platform.reasons(dead)}) and 3 successors completed in"
        f" {seconds:.0f} s; {platform.wrong_rows(names)}"
    )


def lost_at_the_start(platform: Platform) -> str:
    """The worker is killed with runs that it has taken, and that have not begun."""
    names, deployments, runs = _loads(platform, "unbegun", 3, seconds=1.0)
    _wait_until_taken(platform, runs)
    platform.kill("worker")
    began = time.monotonic()
    platform.start("worker")

    def have_loaded() -> bool:
        found = map(platform.runs_of, deployments)
        return all(any(run.state_name == "Completed" for run in each) for each in found)

    until(have_loaded, "a completed run of each", 2 * NORMAL_WITHIN, every=1)
    seconds = time.monotonic() - began
    assert seconds < NORMAL_WITHIN, f"normal after {seconds:.0f} s"
    crashed = [run for run in platform.runs(runs) if run.state_name == "Crashed"]
    return (
        f"{len(crashed)} of 3 runs crashed ({platform.reasons(crashed)}), others took their"
        f" places, and all was loaded after {seconds:.0f} s; {platform.wrong_rows(names)}"
    )


def _loads(
    platform: Platform, prefix: str, number: int, seconds: float
) -> tuple[list[str], list[UUID], list[FlowRun]]:
    """Start a run of each of so many new deployments; return names, deployments, runs."""
    names = [f"{prefix}_{each}" for each in range(number)]
    deployments = [platform.deploy(name, concurrency_limit=1) for name in names]
    runs = [platform.run(each, number=0, seconds=seconds) for each in deployments]
    return names, deployments, runs


def _wait_until_taken(platform: Platform, runs: list[FlowRun]) -> None:
    """Wait until the worker has taken one of the runs."""

    def is_taken() -> bool:
        return any(run.state_name == "Pending" for run in platform.runs(runs))

    until(is_taken, "the worker", 60)
