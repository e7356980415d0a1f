"""The memory that a call takes, and a limit that ends it before the machine's is gone."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

MEGABYTE = 2**20


@contextmanager
def takes_less_than(megabytes: int) -> Iterator[None]:
    """Assert that the block's memory never grows by more, at its highest.

    A block that would take gigabytes ends in a MemoryError.
    """
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest use so far
    before = _status("VmRSS")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = (_status("VmSize") + 8 * megabytes) * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    grown = _status("VmHWM") - before
    assert grown < megabytes, f"the memory grew by {grown} MB"


def _status(name: str) -> int:
    """Return a figure of this process in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) // 1024
    raise LookupError(name)
