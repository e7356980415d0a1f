"""Guard that ends a test session's processes, also after Ctrl-C, SIGKILL or a crash.

The guard is a separate process. The session's end closes the pipe between them. Then
the guard ends every process that has the session's folder in its environment or command
line, with all descendants, and removes the folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Iterator

import psutil

SECONDS_TO_END = 3


def watch(folder: Path) -> None:
    """Start a session's guard. All the session's processes inherit `folder`."""
    end, held = os.pipe()
    environment = {k: v for k, v in os.environ.items() if str(folder) not in v}
    subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        stdin=end,
        env=environment,
        start_new_session=True,  # Ctrl-C must reach the tests only
    )
    os.close(end)
    os.set_inheritable(held, False)


def end_all(folder: str) -> None:
    """End the processes of an ended session, and remove its folder."""
    left = list(_processes_of(folder))
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(left, SECONDS_TO_END)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def _processes_of(folder: str) -> Iterator[psutil.Process]:
    seen = {os.getpid()}
    for process in psutil.process_iter():
        try:
            said = " ".join([*process.cmdline(), *process.environ().values()])
            found = (
                [process, *process.children(recursive=True)] if folder in said else []
            )
        except psutil.Error:  # the process has ended, or is another user's
            continue
        for each in found:
            if each.pid not in seen:
                seen.add(each.pid)
                yield each


if __name__ == "__main__":
    sys.stdin.buffer.read()
    end_all(sys.argv[1])
