"""Runs of `python -m flows.products` that SIGTERM ends at random moments.

ECS, a worker and `docker stop` end a process with SIGTERM. The run must then be Crashed
or Cancelled in Prefect, never Completed, and a rerun must complete it. A few rounds run
with the tests, many with `uv run python -m tests.killing.terminated_runs`.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.repository.tree import ROOT
from tests.samples.change_feed import add_changes, changes, create_change_feed
from tests.servers.duckdb_warehouse import query
from tests.servers.ports import free_port
from tests.servers.postgres import Database, new_database, running_postgres
from tests.servers.prefect import running_server
from tests.servers.python import python

LOADED = "SELECT count(DISTINCT audit_id), count(*) FROM dev_products.products"
SECONDS_TO_END = 60


def terminate_runs(
    source: Database, folder: Path, api_url: str, rounds: int, seed: int
) -> Counter[str]:
    """Terminate runs, rerun each, and count the states of the terminated ones.

    Raises:
        AssertionError: a process hung, a rerun failed, or rows were lost or doubled.
    """
    chance = random.Random(seed)
    found: Counter[str] = Counter()
    create_change_feed(source, 50_000)
    environment = os.environ | {
        "SOURCES__PRODUCTS__CREDENTIALS": source.url,
        "DLT_LOCAL_DIR": str(folder),
        "PIPELINES_DIR": str(folder / "pipelines"),
        "PREFECT_API_URL": api_url,
    }
    for _ in range(rounds):
        add_changes(source, 1_000)
        run = _start(environment)
        run_id = _wait_for_run_id(run)
        time.sleep(chance.uniform(0, 1.5))
        run.send_signal(signal.SIGTERM)
        output, _ = run.communicate(timeout=SECONDS_TO_END)
        state = _state(api_url, run_id)
        found[state] += 1
        rows = len(changes(source))
        if state == "COMPLETED":  # the signal may have met the end of the process
            assert query(folder / "warehouse.duckdb", LOADED) == [(rows, rows)], output
        else:
            assert run.returncode and state in {"CRASHED", "CANCELLED"}, output

        rerun = _start(environment)
        output, _ = rerun.communicate()
        assert rerun.returncode == 0, output
        assert query(folder / "warehouse.duckdb", LOADED) == [(rows, rows)]
    return found


def _start(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python(), "-m", "flows.products", "--full-refresh"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_for_run_id(run: subprocess.Popen[str]) -> str:
    for line in run.stdout:
        if shown := re.search(r"View at .*/flow-run/([\w-]+)", line):
            return shown[1]
    raise AssertionError("The run has not begun")


def _state(api_url: str, run_id: str) -> str:
    answer = httpx.get(f"{api_url}/flow_runs/{run_id}").raise_for_status()
    return answer.json()["state_type"]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        api_url = f"http://127.0.0.1:{free_port()}/api"
        with (
            running_server(folder / "server", api_url),
            running_postgres(folder / "postgres") as postgres,
        ):
            found = terminate_runs(
                new_database(postgres), folder, api_url, rounds, seed=1
            )
            print(f"{rounds} runs got SIGTERM: {dict(found)}; every rerun completed")


if __name__ == "__main__":
    main()
