"""Standard input, output and errors between a command and a container's process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

from tests.servers.docker.joining import JOIN, process_in

CHUNK = 1 << 20


def join(
    settings: dict[str, Any], pid: int, command: list[str], changes: dict[str, Any]
) -> int:
    """Run one more process in a container with this command's streams.

    Its streams are pipes, as Docker's are, whatever this command's are. It goes on if
    this command is killed.
    """
    error, told = os.pipe()
    process = subprocess.Popen(
        JOIN,
        env=process_in(settings, pid, command, error=told, **changes),
        pass_fds=[told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(told)
    outputs = copy(process)
    code = process.wait()
    for thread in outputs:
        thread.join()
    with os.fdopen(error) as failed:
        if message := failed.read():
            print(f"OCI runtime exec failed: {message}", file=sys.stderr)
    return code


def copy(process: subprocess.Popen[bytes]) -> list[threading.Thread]:
    """Copy all streams of a process; return the threads that copy its output."""
    # Docker reads all input, also what the process does not read.
    threading.Thread(target=_give, args=[process.stdin], daemon=True).start()
    return [take(process.stdout, 1), take(process.stderr, 2)]


def take(source: Any, target: int, close: bool = False) -> threading.Thread:
    """Copy an output to a file until it ends, in a thread."""

    def run() -> None:
        with suppress(OSError):
            while data := os.read(source.fileno(), CHUNK):
                _write(target, data)
        source.close()
        if close:
            os.close(target)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _give(target: Any) -> None:
    with suppress(OSError):
        while data := os.read(0, CHUNK):
            _write(target.fileno(), data)
    target.close()


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]
