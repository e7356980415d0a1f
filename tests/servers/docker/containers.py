"""A container on disk: what it runs, in which state it is, its log."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
# Python that does not look for packages starts in half the time.
PYTHON = (sys.executable, "-S", "-m")


def environment_of_python() -> dict[str, str]:
    """Return the environment in which this machine's Python finds these modules."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Container:
    """A container's folder. Its supervisor is alive while it holds the lock there."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def settings(self) -> dict[str, Any]:
        """What it runs and how, fixed when it is created."""
        return json.loads((self.folder / "container.json").read_text())

    @property
    def exists(self) -> bool:
        return (self.folder / "container.json").exists()

    @property
    def state(self) -> dict[str, Any]:
        """Status (created, running, restarting, exited), process, exit code, health."""
        try:
            state = json.loads((self.folder / "state.json").read_text())
        except FileNotFoundError:
            return {"status": "created", "pid": None, "exit_code": 0, "health": None}
        if state["status"] in ("running", "restarting") and not self.is_supervised:
            return state | {"status": "exited", "pid": None, "exit_code": 137}
        return state

    def save_state(self, state: dict[str, Any]) -> None:
        """Replace the state at once, because others read it meanwhile."""
        new = self.folder / "state.new"
        new.write_text(json.dumps(state))
        new.rename(self.folder / "state.json")

    @property
    def is_supervised(self) -> bool:
        with (self.folder / "supervised").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @property
    def is_running(self) -> bool:
        return self.state["status"] == "running"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        """Start it, and wait until its command is executed.

        Raises:
            RuntimeError: Its command, user, mounts or ports are not possible.
        """
        for left in ("state.json", "stopped", "started"):
            (self.folder / left).unlink(missing_ok=True)
        supervisor = subprocess.Popen(
            [*PYTHON, "tests.servers.docker.supervisor", str(self.folder)],
            env=environment_of_python(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "supervisor.log").open("a"),
            start_new_session=True,
        )
        started = self.folder / "started"
        while not started.exists():
            if supervisor.poll() is not None and not started.exists():
                told = (self.folder / "supervisor.log").read_text()
                raise RuntimeError(f"{self.name} does not start: {told}")
            time.sleep(0.01)
        if error := self.state.get("error"):
            raise RuntimeError(f"{self.name} does not start: {error}")

    def stop(self, seconds: float | None = None) -> None:
        """Send it its stop signal, after some seconds SIGKILL, and wait."""
        self._mark_stopped(seconds)
        with suppress(FileNotFoundError, ProcessLookupError):
            if self.is_supervised:
                os.kill(int((self.folder / "supervised").read_text()), signal.SIGTERM)
        self.wait()

    def kill(self, number: int) -> None:
        """Send its first process a signal; it is not restarted if it ends by it."""
        if number in (signal.SIGKILL, self.settings["stop_signal"]):
            self._mark_stopped(None)
        os.kill(self.state["pid"], number)
        if number == signal.SIGKILL:
            self.wait()

    def wait(self) -> int:
        """Wait until it has ended and is not restarted; return its exit code."""
        while self.is_supervised:
            time.sleep(0.02)
        return self.state["exit_code"]

    def _mark_stopped(self, seconds: float | None) -> None:
        (self.folder / "stopped").write_text("" if seconds is None else str(seconds))
