"""Phases of a newcomer's first minute: the README's first command in an empty home.

This needs the network for the packages, unlike everything else in tests/. The seconds
are the times between the lines that the command prints.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.repository.tree import copy_repository, environment_of_a_newcomer

# The line that ends each phase.
PHASES = {
    "packages downloaded and installed": "Installed ",
    "Prefect and dlt compiled and imported": "Starting Prefect's temporary server",
    "temporary server started": "Beginning flow run",
    "loaded": "Finished in state Completed()",
    "ended": "",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clone = copy_repository(folder / "clone")
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        environment = environment_of_a_newcomer(folder / "home")
        environment["PATH"] = f"{folder / 'venv' / 'bin'}:{environment['PATH']}"
        measure(clone, environment)


def measure(clone: Path, environment: dict[str, str]) -> None:
    command = "pip install -q uv && uv run python -m flows.exchange_rates"
    started = last = time.monotonic()
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    phases = iter(PHASES.items())
    phase, ends_with = next(phases)
    for line in process.stdout:
        if ends_with and ends_with in line and "Task run" not in line:
            now = time.monotonic()
            print(f"{now - last:6.1f} s  {phase}", flush=True)
            last = now
            phase, ends_with = next(phases)
    if process.wait():
        sys.exit(f"{command} failed")
    now = time.monotonic()
    print(f"{now - last:6.1f} s  {phase}\n{now - started:6.1f} s  in all")


if __name__ == "__main__":
    main()
