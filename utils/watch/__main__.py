"""Command line of watch: `python -m utils.watch` looks at Prefect's server every 30 s.

In production it runs beside the worker, in the same task, which costs nothing more.
"""

from __future__ import annotations

import signal
import threading

from prefect.logging import get_logger

from utils.errors import ClearError
from utils.runs.command_line import command_line, run_commands
from utils.runs.prefect_server import prefect_server, server_address
from utils.watch.look import Watch
from utils.watch.repairs.repairs import Repairs

SECONDS_BETWEEN_LOOKS = 30

logger = get_logger("watch")
app = command_line(
    "utils.watch",
    "Tell people what is wrong with runs, deployments, tables and work pools, and repair it.",
)


@app.default
def main() -> None:
    """Look every 30 s until the process is ended.

    Raises:
        ClearError: PREFECT_API_URL is not set. A server that does not answer is waited for.
    """
    server_address()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    watch, repairs = Watch(), Repairs()
    while not ended.is_set():
        try:
            with prefect_server() as client:
                while not ended.is_set():
                    repairs.make(client, watch.look(client))
                    ended.wait(SECONDS_BETWEEN_LOOKS)
        except ClearError as error:
            logger.error("%s", error)
            ended.wait(SECONDS_BETWEEN_LOOKS)


if __name__ == "__main__":
    run_commands(app)
