"""`python -m flows.exchange_rates` against the minimum that it needs.

Prints, as ratios of medians over interleaved runs:

- the whole process against a bare one-task Prefect flow plus the time that DuckDB needs
  to read and unpivot the same file. Goal: at most 2, aim 1.5. Both use a server;
- the load within the run against DuckDB alone, first and repeated. Goal: at most 4.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.processes import (
    Alternative,
    empty,
    interleaved,
    python,
    report,
)

ROUNDS = 7

BARE_FLOW = """
from prefect import flow, task

@task
def add(a, b):
    return a + b

@flow
def bare():
    return add(1, 2)

bare()
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("PREFECT_API_URL", "PREFECT_HOME"):
            os.environ.pop(name, None)
        from tests.servers.ports import free_port
        from tests.servers.prefect import running_server

        limit = duckdb_seconds(folder)
        with running_server(
            folder / "server", f"http://127.0.0.1:{free_port()}/api"
        ) as api_url:
            compare_processes(folder, api_url, limit)
        compare_loads(folder, limit)


def compare_processes(folder: Path, api_url: str, limit: float) -> None:
    data = folder / "data"
    bare = Alternative("a bare flow with one task", python(BARE_FLOW))
    ours = Alternative(
        "python -m flows.exchange_rates, into a new file",
        [sys.executable, "-m", "flows.exchange_rates"],
        prepare=lambda: empty(data),
    )
    again = Alternative(
        "the same again, nothing to load",
        [sys.executable, "-m", "flows.exchange_rates"],
    )
    environment = {
        "PREFECT_API_URL": api_url,
        "PREFECT_HOME": str(folder / "home"),
        "DLT_LOCAL_DIR": str(data),
        "PIPELINES_DIR": str(data / "pipelines"),
    }
    interleaved([bare, ours, again], ROUNDS, environment)
    report([bare, ours, again])
    ratio = ours.median_seconds / (bare.median_seconds + limit)
    print(f"process: {ratio:.2f} times a bare flow plus DuckDB\n")


def duckdb_seconds(folder: Path) -> float:
    """Return DuckDB's median seconds to read and unpivot the file into a table."""
    import duckdb

    from tests.samples.ecb import packaged_csv, unpivoted

    file = folder / "history.csv"
    file.write_text(packaged_csv())
    seconds = []
    for number in range(ROUNDS):
        started = time.monotonic()
        with duckdb.connect(str(folder / f"limit{number}.duckdb")) as connection:
            connection.execute(f"""
                CREATE TABLE exchange_rates AS
                SELECT Date::DATE AS date, currency, rate::DECIMAL(18, 8) AS rate
                FROM ({unpivoted(file)})
            """)
        seconds.append(time.monotonic() - started)
    print(f"{median(seconds):7.2f} s  DuckDB: read_csv and UNPIVOT into a table\n")
    return median(seconds)


def compare_loads(folder: Path, limit: float) -> None:
    data = folder / "loads"
    os.environ["DLT_LOCAL_DIR"] = str(data)
    os.environ["PIPELINES_DIR"] = str(data / "pipelines")
    from pipelines.exchange_rates import load_exchange_rates

    first, again = [], []
    for _ in range(ROUNDS + 1):
        empty(data)
        first.append(load_exchange_rates().seconds)
        again.append(load_exchange_rates().seconds)
    for name, seconds in (("first", first[1:]), ("again", again[1:])):
        print(
            f"{median(seconds):7.2f} s  load_exchange_rates, {name}:"
            f" {median(seconds) / limit:.1f} times DuckDB"
        )


if __name__ == "__main__":
    main()
