"""A flow that runs until a file is there, or for five minutes."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import flow


@flow(name="wait_for_file")
def wait_for_file(path: str) -> None:
    for _ in range(3000):
        if Path(path).exists():
            return
        time.sleep(0.1)
    raise TimeoutError(path)
