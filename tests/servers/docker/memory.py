"""A container's limit of memory, without cgroups: what exceeds it is killed.

Twice a second the memory of its processes is added up, as far as it could not be freed:
their own and what they share with each other. Docker also counts files in its tmpfs.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Iterator

SECONDS = 0.5
CHEAP, EXACT = ("RssAnon", "RssShmem"), ("Pss_Anon", "Pss_Shmem")


def watch_memory(first_process: int, limit: int, ended: threading.Event) -> None:
    """Kill a container's largest process, as the kernel does, while all exceed the limit."""
    space = os.readlink(f"/proc/{first_process}/ns/pid")

    def run() -> None:
        while not ended.wait(SECONDS):
            members = list(_members(space))
            if sum(_kilobytes(pid, "status", CHEAP) for pid in members) << 10 <= limit:
                continue
            # Memory that several share was counted for each of them.
            used = {pid: _kilobytes(pid, "smaps_rollup", EXACT) for pid in members}
            if sum(used.values()) << 10 > limit:
                with suppress(ProcessLookupError):
                    os.kill(max(used, key=lambda pid: used[pid]), signal.SIGKILL)

    threading.Thread(target=run, daemon=True).start()


def _members(space: str) -> Iterator[int]:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if os.readlink(f"/proc/{name}/ns/pid") == space:
                yield int(name)


def _kilobytes(pid: int, file: str, names: tuple[str, ...]) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text()
    except OSError:  # it has ended
        return 0
    return sum(map(int, re.findall(rf"^(?:{'|'.join(names)}):\s+(\d+)", lines, re.M)))
