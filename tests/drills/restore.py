"""Prefect's server lost while runs go, and everything back from the last backup.

    uv run python -m tests.drills.restore [--backup FILE] [--runs 100000] [kind ...]

For each kind of a server of one's own: a database with many runs, 20 runs that go, a backup,
runs after it; then all processes are killed, the database and the server's volume are empty,
and `restore` brings the backup back. Root is needed, and `apt-get install buildah debootstrap
postgresql`. The kinds are compose, ec2 and ecs. A backup that is there is not made again.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Scheduled

from tests.drills.filled_database import dump, fill, prefect_on_postgres, real_runs
from tests.drills.platform import Platform
from tests.drills.restore_kinds import KINDS, Kind
from tests.servers.waiting import until
from tests.utils.watch.watched_server import Place, make_alerts, place

GOING, FURTHER = 20, 4
NEVER = datetime.min.replace(tzinfo=UTC)
GOING_FOR = 15 * 60.0
SCHEDULED = 200
PER_DAY = 300
"""So that 100,000 runs are younger than those that the servers delete."""
LATER = timedelta(seconds=60)
BACK_WITHIN = 5 * 60.0
NORMAL_WITHIN = 15 * 60.0
# Watch says each two minutes that it looks. In production the alert waits for ten: it takes a
# late word of a busy machine as it is.
AWAY_AFTER = 240.0
EACH_MINUTE = DeploymentScheduleCreate(
    schedule=CronSchedule(cron="* * * * *", timezone="UTC"), active=True
)


def make_backup(file: Path, runs: int) -> None:
    """Write the backup of a server that has so many runs and no work pool."""
    with prefect_on_postgres() as (platform, url):
        fill(url, real_runs(platform, url), runs, PER_DAY)
        for name in ("watch", "worker"):
            platform.kill(name)
        with platform.client as client:
            client.delete_work_pool(platform.pool)
        dump(url, file)


def drill(kind: Kind, filled: Path, slack: Place, pagerduty: Place) -> str:
    """Lose everything, restore it, and return what was seen.

    Args:
        kind: Server of a kind, which is new.
        filled: Backup with many runs.
        slack: Place of alerts.
        pagerduty: Place of incidents.
    """
    platform = kind.platform
    print(kind.restore(kind.take(filled)), flush=True)
    until(platform.is_up, "the server with its history", 300)
    platform.make_pool()
    _alerts(kind, slack, pagerduty)
    until(lambda: _has_worker(platform), "the worker", 120, every=1)

    one: dict[str, Any] = {"concurrency_limit": 1, "tags": ["alerts"]}
    minutely = platform.deploy(
        "minutely",
        schedules=[EACH_MINUTE],
        parameters={"number": 0, "seconds": 1.0},
        **one,
    )
    names = [f"going_{number}" for number in range(GOING)]
    going = [
        platform.run(platform.deploy(each, **one), number=0, seconds=GOING_FOR)
        for each in names
    ]
    platform.wait_for(going, "Running", within=GOING_FOR - 120)
    later = platform.deploy("later", **one)
    due = _run_at(platform, later, datetime.now(UTC) + LATER, number=0)
    tomorrow = _run_at(platform, later, datetime.now(UTC) + timedelta(days=1), number=2)
    backup = kind.back_up()
    unknown = platform.run(later, number=1, seconds=1.0)
    platform.wait_for([due, unknown], "Completed", within=300)
    before = _number(platform)
    until(lambda: _completed(platform, minutely), "a run of the schedule", 300, every=2)

    kind.lose()
    lost_at, began = datetime.now(UTC), time.monotonic()
    print(told := kind.restore(backup), flush=True)
    until(lambda: _has_worker(platform), "server and worker", BACK_WITHIN, every=0.5)
    seconds = time.monotonic() - began
    known = re.search(r"(\d+) runs were going then", told)
    assert known and GOING <= int(known[1]) <= GOING + FURTHER, told
    assert seconds < BACK_WITHIN, f"back after {seconds:.0f} s"
    # the schedule has made some more, or some fewer
    assert _number(platform) > before - SCHEDULED, "the history is not there"

    new = f"a run that the schedule has made after {lost_at}"
    until(lambda: _completed(platform, minutely, lost_at), new, NORMAL_WITHIN, every=2)
    scheduled = time.monotonic() - began
    until(lambda: platform.have_ended(going), "the runs' ends", NORMAL_WITHIN, every=2)
    ended = time.monotonic() - began
    # ECS tells the worker of tasks that it has stopped meanwhile: these runs have crashed.
    states = Counter(run.state_name for run in platform.runs(going))
    assert states.keys() <= {"Unknown", "Crashed"}, states
    was_due, still = platform.runs([due, tomorrow])
    assert (was_due.state_name, still.state_name) == ("Unknown", "Scheduled")
    with platform.client as client:
        assert not any(
            each.is_running() for each in client.read_flow_run_states(due.id)
        )
    ids = [run.deployment_id for run in going if run.deployment_id]
    again = [platform.run(each, number=0, seconds=1.0) for each in ids]
    platform.wait_for(again, "Completed", within=NORMAL_WITHIN)
    wrong = platform.wrong_rows(names)
    assert wrong == platform.wrong_rows(["later"], runs=2)
    left = AWAY_AFTER * 2 - (time.monotonic() - began)
    time.sleep(max(left, 0))
    messages = [each["text"] for each in slack.taken]
    false = [
        each for each in messages if "Crashed" not in states or "going_" not in each
    ]
    assert not false and not pagerduty.taken, f"{false} {pagerduty.taken}"
    return (
        f"{before:,} runs; {GOING} runs going. Server and worker are back {seconds:.0f} s"
        f" after everything was lost, the schedule's next run has completed after"
        f" {scheduled:.0f} s, the runs that were going are ended after {ended:.0f} s"
        f" ({dict(states)}); run again: {wrong}; 0 false pages, 0 false messages, true"
        f" ones: {len(messages)}; what was due meanwhile is Unknown"
    )


def _alerts(kind: Kind, slack: Place, pagerduty: Place) -> None:
    messages = kind.seen_from_server(slack.api.url)
    incidents = kind.seen_from_server(pagerduty.api.url)
    with kind.platform.client as client:
        make_alerts(client, messages, incidents, {"alerts: watch is away": AWAY_AFTER})


def _run_at(platform: Platform, deployment: UUID, at: datetime, number: int) -> FlowRun:
    with platform.client as client:
        return client.create_flow_run_from_deployment(
            deployment,
            parameters={"number": number, "seconds": 1.0},
            state=Scheduled(scheduled_time=at),
        )


def _has_worker(platform: Platform) -> bool:
    """Return whether the server answers, and a worker asks it."""
    try:
        with platform.client as client:
            workers = client.read_workers_for_work_pool(platform.pool)
    except (httpx.HTTPError, PrefectHTTPStatusError):
        return False
    now = datetime.now(UTC)
    return any(
        worker.status == WorkerStatus.ONLINE
        and worker.last_heartbeat_time
        and now - worker.last_heartbeat_time < timedelta(seconds=60)
        for worker in workers
    )


def _completed(platform: Platform, deployment: UUID, after: datetime = NEVER) -> bool:
    """Return whether a run has completed that a schedule made for later than a time."""
    try:
        runs = platform.runs_of(deployment)
    except httpx.HTTPError:  # the machine is busy
        return False
    return any(
        run.state_name == "Completed"
        and run.auto_scheduled
        and run.expected_start_time
        and run.expected_start_time > after
        for run in runs
    )


def _number(platform: Platform) -> int:
    """Return how many runs the server knows."""
    with platform.client as client:
        return client.request("POST", "/flow_runs/count", json={}).json()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.restore")
    parser.add_argument("--backup", type=Path, help="made, if it is not there")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("kind", nargs="*", help=", ".join(KINDS))
    chosen = parser.parse_args()
    if unknown := set(chosen.kind) - KINDS.keys():
        parser.error(f"{', '.join(unknown)}: the kinds are {', '.join(KINDS)}")
    # so that everything ends with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        backup = chosen.backup or Path(folder) / "filled.dump"
        if not backup.exists():
            make_backup(backup, chosen.runs)
        for name in chosen.kind or KINDS:
            try:
                with KINDS[name](GOING + FURTHER) as kind, place() as slack:
                    with place() as pagerduty:
                        print(f"{name}: {drill(kind, backup, slack, pagerduty)}")
                seen.append(True)
            except (AssertionError, TimeoutError) as error:
                print(f"{name}: FAILED: {error}")
                seen.append(False)
            sys.stdout.flush()
    sys.exit(not all(seen))


if __name__ == "__main__":
    main()
