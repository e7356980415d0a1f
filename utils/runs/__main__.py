"""Runs a command of Prefect's once its server is there.

`python -m utils.runs prefect flow-run execute` is what a worker starts in a run's task, and
`... prefect.engine` on a developer's machine. Prefect retries only what it has once connected
to, and a run that starts while the server is being restarted would crash. And Prefect begins
a run that was ended before it began, of which another one may have taken the place.
"""

from __future__ import annotations

import os
import runpy
import sys
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from rich.console import Console

from utils.errors import ClearError
from utils.runs.prefect_server import awaited_server

# As long as Prefect's client waits in a run, with the retries of the pool's environment.
SECONDS = 8 * 60.0


def main() -> None:
    """Wait for the server, then run the module that the first argument names."""
    sys.argv = sys.argv[1:]
    run = os.environ.get("PREFECT__FLOW_RUN_ID")
    try:
        with awaited_server(_say, SECONDS) as client:
            if client and run:
                _end_if_ended(client, UUID(run))
    except ClearError as error:
        sys.exit(f"error: {error}")
    # Rich would exit, and Prefect take that for the end of the run.
    Console.on_broken_pipe = _go_on  # type: ignore[assignment]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_if_ended(client: SyncPrefectClient, id: UUID) -> None:
    """End this process if its run was ended before it began."""
    try:
        run = client.read_flow_run(id)
    except ObjectNotFound:
        return  # which Prefect says better
    if run.state and run.state.is_final():
        _say(f"{run.name} is {run.state.name}, and is not begun: {run.state.message}")
        sys.exit()


def _go_on(_: Console) -> None:
    """Write to nowhere: the worker that reads this process's output is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
