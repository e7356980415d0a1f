"""Start of the fake AWS: prints "ready", and on SIGTERM ends with all its processes."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
from pathlib import Path

from tests.repository.tree import ROOT


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.cloud", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="tasks' files")
    parser.add_argument("--code", type=Path, default=ROOT, help="tasks' code")
    parser.add_argument("--image", help="local image of tasks, instead of code")
    parser.add_argument(
        "--at-once", type=int, default=8, help="tasks at once, except services'"
    )
    given = parser.parse_args()

    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(name)s %(message)s"
    )
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # moto reads these when it is imported
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from tests.cloud.server import Server

    server = Server(given.port, given.folder.resolve(), given.at_once)
    server.use({"image": given.image} if given.image else {"code": str(given.code)})
    server.start()
    print("ready", flush=True)
    stop.wait()
    server.close()


if __name__ == "__main__":
    main()
