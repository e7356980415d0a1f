"""Runs of `products` that are killed at random moments, each followed by a plain rerun.

The source keeps changing all the while. After each rerun the warehouse must have every
row that the source had when the rerun began, and none twice. Half of the reruns happen in
a fresh working folder, as in a new container; the old folder comes back later, with
whatever the killed run has left in it. Now and then somebody drops the table or the whole
dataset before a run. Each run reads only the last seconds before its cursor: what was lost
before them would stay lost.

A few rounds run with the tests. `uv run python -m tests.killed_runs` runs many:

    DuckDB: 200 killed (start 12, extract 70, ...), 0 rows lost, 0 doubled, 0 failed reruns
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tests.change_feed import COLUMNS, add_changes, create_change_feed
from tests.duckdb_warehouse import query
from tests.forked import processes
from tests.postgres import Database, new_database, running_postgres

STEPS = ("start", "extract", "normalize", "load", "end")
ROWS_AT_FIRST = 5_000
FULL_REFRESH_EVERY = 5
TABLE_DROPPED_EVERY = 7
DATASET_DROPPED_EVERY = 11
# Longer than the seconds that a change is late, and far shorter than a test.
LAG_SECONDS = 12
# Longer than most steps, so that a run is also killed somewhere in the next ones.
LONGEST_WAIT = 0.3


@dataclass
class Outcome:
    """What became of the runs."""

    killed_in: Counter[str] = field(default_factory=Counter)
    survived: int = 0
    """Runs that had ended before they could be killed."""
    lost: int = 0
    doubled: int = 0
    failed_reruns: int = 0

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
    source: Database, warehouse: Database | Path, folder: Path, kills: int, seed: int
) -> Outcome:
    """Kill and rerun until `kills` runs were killed, or a row is lost or doubled.

    Args:
        warehouse: a PostgreSQL database, or the DuckDB file to be.
        folder: for the pipeline's working folders.
    """
    chance = random.Random(seed)
    outcome = Outcome()
    create_change_feed(source, ROWS_AT_FIRST)
    source.query("UPDATE raw_data.products SET valid_ts = valid_ts - interval '9 days'")
    for number in itertools.count():
        settings = _settings(source, warehouse, folder / "kept")
        full_refresh = number % FULL_REFRESH_EVERY == FULL_REFRESH_EVERY - 1
        if number and number % TABLE_DROPPED_EVERY == 0:
            _look(warehouse, "DROP TABLE IF EXISTS dev_products.products CASCADE")
        if number and number % DATASET_DROPPED_EVERY == 0:
            _look(warehouse, "DROP SCHEMA dev_products CASCADE")
        step = processes.Value("i", -1)
        run = processes.Process(target=_run, args=(settings, full_refresh, step))
        run.start()
        _wait_for_step(chance.randrange(len(STEPS)), step, run)
        _wait(chance.uniform(0, LONGEST_WAIT), source, chance, run)
        if run.is_alive():
            outcome.killed_in[STEPS[step.value]] += 1
            run.kill()
        else:
            outcome.survived += 1
        run.join()

        add_changes(source, chance.randint(0, 50))
        expected = {
            row[0] for row in source.query("SELECT audit_id FROM raw_data.products")
        }
        if number % 2:
            settings = _settings(source, warehouse, folder / f"fresh {number}")
        rerun = processes.Process(target=_run, args=(settings, False, step))
        rerun.start()
        rerun.join()
        outcome.failed_reruns += rerun.exitcode != 0
        _compare(source, warehouse, expected, outcome)
        if not outcome.is_good or outcome.killed_in.total() >= kills:
            return outcome


def _wait_for_step(number: int, step: Synchronized, run: BaseProcess) -> None:
    while step.value < number and run.is_alive():
        time.sleep(0.001)


def _wait(
    seconds: float, source: Database, chance: random.Random, run: BaseProcess
) -> None:
    """Let the run go on for a while, and the source with it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and run.is_alive():
        add_changes(source, chance.randint(1, 20))
        time.sleep(min(0.1, max(0.0, until - time.monotonic())))


def _settings(
    source: Database, warehouse: Database | Path, folder: Path
) -> dict[str, str]:
    settings = {
        "SOURCES__PRODUCTS__CREDENTIALS": source.url,
        "SOURCES__PRODUCTS__LAG_HOURS": str(LAG_SECONDS / 3600),
        "PIPELINES_DIR": str(folder),
        "RUNTIME__LOG_LEVEL": "ERROR",
    }
    if isinstance(warehouse, Path):
        return settings | {
            "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "duckdb",
            "DLT_LOCAL_DIR": str(warehouse.parent),
        }
    return settings | {
        "DESTINATION__WAREHOUSE__DESTINATION_TYPE": "postgres",
        "DESTINATION__WAREHOUSE__CREDENTIALS": warehouse.url,
    }


def _run(settings: dict[str, str], full_refresh: bool, step: Synchronized) -> None:
    """In a process of its own: one run, that says at which step it is."""
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

    from pipelines.products import load_products

    load_products(full_refresh=full_refresh)


def _compare(
    source: Database, warehouse: Database | Path, expected: set[int], outcome: Outcome
) -> None:
    rows = _look(warehouse, f"SELECT {COLUMNS} FROM dev_products.products")
    in_source = {
        row[0]: row for row in source.query(f"SELECT {COLUMNS} FROM raw_data.products")
    }
    keys = Counter(row[0] for row in rows)
    wrong = [row for row in rows if tuple(row) != in_source.get(row[0])]
    outcome.lost += len(expected - keys.keys()) + len(wrong)
    outcome.doubled += sum(count - 1 for count in keys.values())


def _look(warehouse: Database | Path, sql: str) -> list[tuple]:
    if isinstance(warehouse, Path):
        return query(warehouse, sql)
    return warehouse.query(sql)


def main() -> None:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    good = True
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with running_postgres(folder / "postgres") as postgres:
            warehouses = {
                "DuckDB": folder / "warehouse.duckdb",
                "PostgreSQL": new_database(postgres),
            }
            for name, warehouse in warehouses.items():
                outcome = kill_runs(
                    new_database(postgres), warehouse, folder / name, kills, seed=1
                )
                print(f"{name}: {outcome}", flush=True)
                good &= outcome.is_good
    sys.exit(not good)


if __name__ == "__main__":
    main()
