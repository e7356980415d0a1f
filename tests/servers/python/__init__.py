"""Python for tests' processes, forked from one that has imported the libraries.

Each process would spend seconds of CPU on importing Prefect and its command line. Here
a session imports them once. A forked process has its own environment, folder, files and
signals, and reads Prefect's settings again; the project's own modules are never shared.

Tests in which the start itself matters use `sys.executable`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.servers.waiting import stop, until

HERE = Path(__file__).parent
# Names this Python to the processes that it starts.
VARIABLE = "TESTS_PYTHON"


def python() -> str:
    """Return the path of a Python that starts at once, with this Python's packages.

    On systems without a safe fork it is this one, and in a network of a test's own, because
    what is forked is in the network of the process that it is forked from.
    """
    if sys.platform != "linux" or _is_in_a_network_of_its_own():
        return sys.executable
    return _python_to_fork_from()


@cache
def _python_to_fork_from() -> str:
    start_python()
    program = os.environ[VARIABLE]
    until(Path(program).with_name("socket").exists, "the Python to fork from")
    return program


def _is_in_a_network_of_its_own() -> bool:
    networks = ("/proc/thread-self/ns/net", f"/proc/{os.getppid()}/ns/net")
    own, parents = map(os.readlink, networks)
    return own != parents


def start_python() -> None:
    """Start the fork server unless one runs. It takes some seconds."""
    if sys.platform == "linux" and VARIABLE not in os.environ:
        os.environ[VARIABLE] = str(_start() / "python")


def programs() -> str:
    """Return the folders of `python` and `prefect`, for the variable PATH."""
    folders = Path(python()).parent, Path(sys.executable).parent
    return os.pathsep.join(map(str, dict.fromkeys(folders)))


def _start() -> Path:
    """Start the server, and make the programs that connect to it."""
    folder = Path(tempfile.mkdtemp(prefix="python-"))
    address = folder / "socket"
    command = [sys.executable, str(HERE / "fork_server.py"), str(address)]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    atexit.register(_stop, server, folder)
    for name, arguments in {"python": "", "prefect": "-m prefect "}.items():
        program = folder / name
        program.write_text(
            f"#!/bin/sh\nexec '{sys.executable}' -I -S '{HERE / 'launcher.py'}'"
            f" '{address}' '{sys.executable}' {arguments}\"$@\"\n"
        )
        program.chmod(0o755)
    return folder


def _stop(server: subprocess.Popen[bytes], folder: Path) -> None:
    stop(server)
    shutil.rmtree(folder, ignore_errors=True)
