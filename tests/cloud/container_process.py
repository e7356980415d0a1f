"""Process of a container: started by a runner, logged, ended as ECS does."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import psutil

from tests.cloud.agent import Log

MARK = "FAKE_CONTAINER"
"""Variable of all processes of a container, with its id."""


class Runner(Protocol):
    """Way to run a container's command as a process."""

    def start(
        self,
        container: dict[str, Any],
        command: list[str],
        environment: dict[str, str],
        folder: Path,
        volumes: dict[str, Path],
    ) -> subprocess.Popen[bytes]: ...

    def terminate(self, process: subprocess.Popen[bytes]) -> None: ...

    def clean_up(self, folder: Path) -> None: ...


class ContainerProcess:
    """Process of a container's command, whose output goes into a file and a log."""

    def __init__(
        self,
        runner: Runner,
        container: dict[str, Any],
        environment: dict[str, str],
        folder: Path,
        volumes: dict[str, Path],
        log: Log | None,
    ) -> None:
        self._runner, self._folder, self._log = runner, folder, log
        self._mark = uuid4().hex
        command = container.get("command") or []
        marked = environment | {MARK: self._mark}
        self._process = runner.start(container, command, marked, folder, volumes)
        self._pump = threading.Thread(target=self._write_output, daemon=True)
        self._pump.start()

    def wait_for(self, stopping: threading.Event) -> bool:
        """Wait until it has ended or is to end. Return whether it has ended."""
        while self._process.poll() is None and not stopping.wait(0.1):
            pass
        return self._process.poll() is not None

    def terminate(self, seconds: int) -> int:
        """Ask it to end, kill it after some seconds, and return its exit code."""
        if self._process.poll() is None:
            self._runner.terminate(self._process)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()  # also what it left behind
        return self._process.wait()

    def kill(self) -> None:
        """Kill all that has been started in it.

        That is more than its process group and its children: a run's engine has a session
        of its own, and belongs to nobody when its parent has ended.
        """
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for each in psutil.process_iter():
            with suppress(psutil.Error):
                if each.environ().get(MARK) == self._mark:
                    each.kill()

    def clean_up(self) -> None:
        """Write the rest of its output, and remove the container's file system."""
        self._pump.join(5)
        self._runner.clean_up(self._folder)

    def _write_output(self) -> None:
        assert self._process.stdout is not None
        with (self._folder / "output.log").open("wb", buffering=0) as file:
            for line in self._process.stdout:
                file.write(line)
                if self._log:
                    self._log.write([line.decode(errors="replace").rstrip("\n")])
