"""Waiting for a condition, and ending processes and flows' timeouts."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Callable, TypeVar

Found = TypeVar("Found")


def until(
    look: Callable[[], Found], what: str, seconds: float = 180, every: float = 0.1
) -> Found:
    """Call `look` until its result is true, and return the result."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds} s for {what}.")
        time.sleep(every)
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process with SIGTERM; after half a minute with SIGKILL."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_the_time() -> None:
    """Raise the signal that Prefect uses for a flow's timeout."""
    os.kill(os.getpid(), signal.SIGALRM)
