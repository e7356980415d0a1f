"""Runs that are killed at random moments, each followed by a plain rerun.

The source keeps changing. After each rerun the warehouse must have every row that the
source had when the rerun began, unchanged and only once. Half of the reruns use a fresh
working folder, as a new container does; the old folder is used again later, with the
killed run's files. Some runs find the table or the whole dataset dropped. Each run
reads only the last seconds before its cursor, so that an earlier lost row would stay
lost.

A few rounds run with the tests. `uv run python -m tests.killing.killed_runs` runs many:

products into DuckDB: 200 killed (start 12, extract 70, ...), 0 rows lost, 0 doubled,
...
"""

from __future__ import annotations

import itertools
import os
import pkgutil
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from tests.killing.changing_sources import (
    ChangingProducts,
    ChangingSource,
    changing_hubspot,
)
from tests.killing.forked import processes
from tests.servers.postgres import new_database, running_postgres
from tests.servers.warehouses import DuckDBWarehouse, Warehouse

STEPS = ("start", "extract", "normalize", "load", "end")
FULL_REFRESH_EVERY = 5
TABLE_DROPPED_EVERY = 7
DATASET_DROPPED_EVERY = 11
# Longer than most steps, so that a run is also killed in a later step.
LONGEST_WAIT = 0.3


@dataclass
class Outcome:
    """Counts of killed runs, and of errors after them."""

    killed_in: Counter[str] = field(default_factory=Counter)
    survived: int = 0
    """Runs that had ended before they could be killed."""
    lost: int = 0
    doubled: int = 0
    failed_reruns: int = 0

    def compare(
        self, expected: list[tuple[Any, ...]], loaded: list[tuple[Any, ...]]
    ) -> None:
        """Count missing and wrong rows, and repeated keys."""
        self.lost += (Counter(expected) - Counter(map(tuple, loaded))).total()
        keys = Counter(row[0] for row in loaded)
        self.doubled += keys.total() - len(keys)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.failed_reruns)

    def __str__(self) -> str:
        steps = ", ".join(f"{step} {self.killed_in[step]}" for step in STEPS)
        return (
            f"{self.killed_in.total()} killed ({steps}), {self.survived} too fast:"
            f" {self.lost} rows lost, {self.doubled} doubled,"
            f" {self.failed_reruns} reruns failed"
        )


def kill_runs(
    source: ChangingSource, warehouse: Warehouse, folder: Path, kills: int, seed: int
) -> Outcome:
    """Kill and rerun until `kills` runs were killed, or an error is found.

    Args:
        folder: folder of the pipeline's working folders.
    """
    chance = random.Random(seed)
    outcome = Outcome()
    dataset = source.table.partition(".")[0]
    for number in itertools.count():
        settings = (
            source.settings | warehouse.settings | {"RUNTIME__LOG_LEVEL": "ERROR"}
        )
        kept = settings | {"PIPELINES_DIR": str(folder / "kept")}
        fresh = settings | {"PIPELINES_DIR": str(folder / f"fresh {number}")}
        full_refresh = number % FULL_REFRESH_EVERY == FULL_REFRESH_EVERY - 1
        if number and number % TABLE_DROPPED_EVERY == 0:
            warehouse.query(f"DROP TABLE IF EXISTS {source.table} CASCADE")
        if number and number % DATASET_DROPPED_EVERY == 0:
            warehouse.query(f"DROP SCHEMA {dataset} CASCADE")
        step = processes.Value("i", -1)
        run = processes.Process(
            target=_run, args=(source.load, kept, full_refresh, step)
        )
        run.start()
        _wait_for_step(chance.randrange(len(STEPS)), step, run)
        _wait(chance.uniform(0, LONGEST_WAIT), source, chance, run)
        if run.is_alive():
            outcome.killed_in[STEPS[step.value]] += 1
            run.kill()
        else:
            outcome.survived += 1
        run.join()

        source.change(chance.randint(0, 50))
        rerun = processes.Process(
            target=_run, args=(source.load, fresh if number % 2 else kept, False, step)
        )
        rerun.start()
        rerun.join()
        outcome.failed_reruns += rerun.exitcode != 0
        outcome.compare(source.rows(), warehouse.query(source.loaded))
        if not outcome.is_good or outcome.killed_in.total() >= kills:
            return outcome


def _wait_for_step(number: int, step: Synchronized, run: BaseProcess) -> None:
    while step.value < number and run.is_alive():
        time.sleep(0.001)


def _wait(
    seconds: float, source: ChangingSource, chance: random.Random, run: BaseProcess
) -> None:
    """Change the source for a while during the run."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and run.is_alive():
        source.change(chance.randint(1, 20))
        time.sleep(min(0.1, max(0.0, until - time.monotonic())))


def _run(
    load: str, settings: dict[str, str], full_refresh: bool, step: Synchronized
) -> None:
    """Run the pipeline once, and record its current step. Called in a process."""
    import dlt

    os.environ.update(settings)

    def announced(name: str) -> None:
        method = getattr(dlt.Pipeline, name)

        def announce(*args, **kwargs):
            step.value = STEPS.index(name)
            result = method(*args, **kwargs)
            step.value += name == "load"
            return result

        setattr(dlt.Pipeline, name, announce)

    for name in ("extract", "normalize", "load"):
        announced(name)
    step.value = 0
    pkgutil.resolve_name(load)(full_refresh=full_refresh)


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    good = True
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_postgres(Path(scratch) / "postgres") as postgres,
        changing_hubspot() as hubspot,
    ):
        products = (ChangingProducts(new_database(postgres)) for _ in range(2))
        for name, source, warehouse in (
            ("products into DuckDB", next(products), _new_duckdb(scratch)),
            ("products into PostgreSQL", next(products), new_database(postgres)),
            ("hubspot into DuckDB", hubspot, _new_duckdb(scratch)),
        ):
            folder = Path(scratch) / name
            outcome = kill_runs(source, warehouse, folder, kills, seed=1)
            print(f"{name}: {outcome}", flush=True)
            good &= outcome.is_good
    sys.exit(not good)


def _new_duckdb(folder: str) -> DuckDBWarehouse:
    return DuckDBWarehouse(Path(tempfile.mkdtemp(dir=folder)) / "warehouse.duckdb")


if __name__ == "__main__":
    main()
