"""Waits for what others do, ends processes, and the time that a flow has."""

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
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds} s for {what}.")
        time.sleep(every)
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process: politely, and after half a minute for certain."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def end_the_time() -> None:
    """Let the alarm ring that Prefect has set for a flow with a timeout."""
    os.kill(os.getpid(), signal.SIGALRM)
