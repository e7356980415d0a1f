"""Runs a command of Prefect's once its server is there.

`python -m utils.runs prefect flow-run execute` is what a worker starts in a run's task, and
`... prefect.engine` on a developer's machine. Prefect retries only what it has once connected
to, and a run that starts while the server is being restarted would crash. And Prefect begins
a run that was ended before it began: a backfill that gave it up may load its days again.
"""

from __future__ import annotations

import os
import runpy
import sys
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from utils.errors import ClearError
from utils.runs.prefect_server import wait_for_server

# As long as Prefect's client waits in a run, with the retries of the pool's environment.
SECONDS = 8 * 60.0


def main() -> None:
    """Wait for the server, then run the module that the first argument names."""
    sys.argv = sys.argv[1:]
    try:
        wait_for_server(_say, SECONDS)
    except ClearError as error:
        sys.exit(f"error: {error}")
    if run := os.environ.get("PREFECT__FLOW_RUN_ID"):
        _end_if_ended(UUID(run))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_if_ended(id: UUID) -> None:
    with get_client(sync_client=True) as client:
        try:
            run = client.read_flow_run(id)
        except ObjectNotFound:
            return  # which Prefect says better
    if run.state and run.state.is_final():
        _say(f"{run.name} is {run.state.name}, and is not begun: {run.state.message}")
        sys.exit()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
