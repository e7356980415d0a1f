"""Runs a command of Prefect's once its server is there.

`python -m utils.runs prefect flow-run execute` is what a worker starts in a run's task. Prefect
retries only what it has once connected to, and a run that starts while the server is being
restarted would crash.
"""

from __future__ import annotations

import runpy
import sys

from utils.errors import ClearError
from utils.runs.prefect_server import wait_for_server

# As long as Prefect's client waits in a run, with the retries of the pool's environment.
SECONDS = 8 * 60.0


def main() -> None:
    """Wait for the server, then run the module that the first argument names."""
    sys.argv = sys.argv[1:]
    try:
        wait_for_server(lambda line: print(line, flush=True), SECONDS)
    except ClearError as error:
        sys.exit(f"error: {error}")
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
