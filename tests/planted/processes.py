"""Command lines of all processes while secrets are planted, as any user sees them."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Iterator

from tests.planted.values import MARKER

SECONDS_BETWEEN = 0.1


@contextmanager
def command_lines() -> Iterator[set[bytes]]:
    """Look at the process list now and then; collect what has a secret in it."""
    seen: set[bytes] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(SECONDS_BETWEEN):
            for name in filter(str.isdecimal, os.listdir("/proc")):
                with suppress(OSError):  # it has ended
                    line = Path("/proc", name, "cmdline").read_bytes()
                    if MARKER.encode() in line:
                        seen.add(line)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield seen
    finally:
        ended.set()
        looking.join()
