"""Races between the sweeper and runs that start, end, are cancelled, retried or lost.

    uv run python -m tests.drills.sweeps [--races 200] [--seed 1]

Prefect's server is real, and so are the runs' states; ECS is the fake AWS, and a task a
shell that waits. Whatever happens to a run (`sweep_kinds`) happens between two calls of the
sweeper, its own reads and writes included. Calls fail, tasks are listed late, watch is
started again, and there are two of them. Its times are seconds in place of minutes.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Callable, Iterator
from unittest import mock
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.states import Completed

from tests.cloud.cloud import running_cloud
from tests.drills.sweep_calls import Interrupted, InterruptedTasks
from tests.drills.sweep_kinds import KINDS, Kind
from tests.drills.sweep_race import LONGEST_REST, Cluster, Race
from tests.servers.ports import free_port
from tests.servers.prefect import running_server
from utils.watch.history import Memory
from utils.watch.prefect_history import PrefectHistory
from utils.watch.repairs.sweeper import Sweeper

AT_ONCE = 20
GONE_FOR, OVER_FOR, HANGS_FOR, TOLD_FOR = (
    timedelta(seconds=each) for each in (1.0, 1.5, 10 * LONGEST_REST, 5.0)
)


@dataclass
class World:
    """Server, cluster and races at once, in one thread: what happens is in one order."""

    client: SyncPrefectClient
    cluster: Cluster
    deployments: list[UUID]
    chance: random.Random
    looks: int = 0
    window: int = 0
    """Number of the time between two reads of a run by the sweeper."""
    races: list[Race] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._watches = [self._new_watch(), self._new_watch()]

    def play(self, races: int) -> tuple[list[str], list[float]]:
        """Play races, and return what is wrong, and the seconds in which orphans ended."""
        kinds = list(KINDS)
        self.chance.shuffle(kinds)
        wrong: list[str] = []
        seconds: list[float] = []
        chosen = islice(cycle(kinds), races)
        while some := list(islice(chosen, AT_ONCE)):
            self.races = [
                Race(
                    kind, self.client, self.cluster, self._deployment(kind), self.chance
                )
                for kind in some
            ]
            seconds += self._settle()
            wrong += [each for race in self.races for each in race.judge()]
        return wrong, seconds

    def stir(self, about: object = None) -> None:
        """Let something happen to some of the runs.

        Args:
            about: Id of the run, or ARN of the task, of which the sweeper's call is.
        """
        for race in self.races:
            if about and (about == race.id or about in race.tasks):
                if self.happens(0.3):
                    race.move(self.window, at_once=True)
            elif self.happens(0.1):
                race.move(self.window)

    def happens(self, chance: float) -> bool:
        """Return whether something of such a chance happens."""
        return self.chance.random() < chance

    def see_stop(self, arn: str) -> None:
        """Judge a StopTask of the sweeper's."""
        for race in self.races:
            if arn in race.tasks:
                race.see_stop(arn, OVER_FOR, HANGS_FOR)

    def _deployment(self, kind: Kind) -> UUID:
        """Return a deployment whose runs watch repairs; for healthy ones perhaps another."""
        return self.deployments[not kind.is_orphan and self.happens(0.2)]

    def _settle(self) -> Iterator[float]:
        """Look until all has ended, and some looks more; yield how long orphans took."""
        deadline = time.monotonic() + 180
        going = list(self.races)
        while going and time.monotonic() < deadline:
            self._look()
            for race in [each for each in going if each.is_settled()]:
                going.remove(race)
                if race.kind.is_orphan:
                    yield time.monotonic() - race.moved
        end = time.monotonic() + 2 * OVER_FOR.total_seconds()
        while time.monotonic() < end:
            self._look()

    def _look(self) -> None:
        """Let one of the two watches look."""
        self.looks += 1
        self.window += 1
        number = self.chance.randrange(2)
        if self.happens(0.02):
            self._watches[number] = self._new_watch()
        history, sweeper = self._watches[number]
        client: Any = Interrupted(self.client, self)
        with suppress(httpx.HTTPError):  # watch goes on with its next look
            sweeper.sweep(client, history.look(client))

    def _new_watch(self) -> tuple[PrefectHistory, Sweeper]:
        tasks = InterruptedTasks(self.cluster.arn)
        object.__setattr__(tasks, "world", self)
        sweeper = Sweeper(tasks, timedelta(), GONE_FOR, OVER_FOR, HANGS_FOR, TOLD_FOR)
        return PrefectHistory(Memory()), sweeper


@contextmanager
def running_world(folder: Path, seed: int) -> Iterator[World]:
    """Run a Prefect server and the fake AWS, with a deployment that watch repairs or not."""
    api_url = f"http://127.0.0.1:{free_port()}/api"
    (folder / "code").mkdir()
    with (
        running_cloud(folder / "cloud", at_once=1000) as cloud,
        running_server(folder / "server", api_url),
        mock.patch.dict(os.environ, cloud.environment),
        SyncPrefectClient(api_url) as client,
    ):
        cloud.run_tasks_in(code=folder / "code")
        flow = client.create_flow_from_name("races")
        deployments = [
            client.create_deployment(flow, name, tags=tags)
            for name, tags in (("production", ["production"]), ("others", []))
        ]
        yield World(client, Cluster(cloud), deployments, random.Random(seed))


def race(folder: Path, races: int, seed: int = 1) -> tuple[list[str], str]:
    """Play races beside tasks that the sweeper must not touch; return faults and figures."""
    with running_world(folder, seed) as world:
        cluster, over = world.cluster, _over_run(world)
        other = Cluster(cluster.cloud, "others", "other-task")
        untouched: dict[str, Callable[[], str]] = {
            "without a tag": lambda: cluster.run(over, tags=[]),
            "of another server's run": lambda: cluster.run(uuid4()),
            "in another cluster": lambda: other.run(over),
        }
        tasks = {name: start() for name, start in untouched.items()}
        began = time.monotonic()
        wrong, seconds = world.play(races)
        minutes = (time.monotonic() - began) / 60
        for name, arn in tasks.items():
            where = other if name == "in another cluster" else cluster
            if where.has_stopped(arn):
                wrong.append(f"the task {name} was stopped")
        told = (
            f"{races} races in {minutes:.1f} minutes, {world.looks} looks; {len(seconds)}"
            f" orphans ended after {statistics.median(seconds or [0]):.1f} s (longest"
            f" {max(seconds or [0]):.1f}), the others were healthy; {len(wrong)} faults"
        )
        return wrong, told


def _over_run(world: World) -> UUID:
    """Return a run that has completed."""
    run = world.client.create_flow_run_from_deployment(world.deployments[0])
    world.client.set_flow_run_state(run.id, Completed())
    return run.id


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills.sweeps")
    parser.add_argument("--races", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        wrong, told = race(Path(folder), chosen.races, chosen.seed)
    print(*wrong, told, sep="\n", flush=True)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
