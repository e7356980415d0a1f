"""Supervisor of one container: starts it, checks its health, restarts and stops it.

It outlives the command that started it, and ends when its container has ended for good.
SIGTERM stops the container.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from tests.servers.docker import streams
from tests.servers.docker.containers import (
    PYTHON,
    Container,
    environment_of_python,
)
from tests.servers.docker.health import Health
from tests.servers.docker.memory import watch_memory
from tests.servers.docker.names import write_hosts
from tests.servers.docker.network import Forwarder, connect

FIRST_DELAY, LONGEST_DELAY = 0.1, 60.0
NOT_STARTED = 127
LONG_RUN = 10.0  # seconds after which the delay begins anew


class Supervisor:
    """The life of a container, from start to stop.

    Args:
        container: The container.
        attached: Its streams are this process's, instead of its log.
    """

    def __init__(self, container: Container, attached: bool = False) -> None:
        self.container, self.attached = container, attached
        self.settings = container.settings
        self.state: dict[str, Any] = {
            **{"status": "created", "pid": None, "exit_code": 0, "health": None},
            **{"restarts": 0, "error": None},
        }
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.early = 0  # signal that came before there was a process

    def live(self) -> None:
        """Run the container, and again as its restart policy says."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._kill)
        if holder := os.environ.get("FAKE_DOCKER_NETWORK"):
            threading.Thread(target=_end_with, args=[int(holder)], daemon=True).start()
        delay = FIRST_DELAY
        while True:
            began = time.monotonic()
            code = self._run_once()
            if self.state["error"] or not self._restarts(code):
                break
            if time.monotonic() - began > LONG_RUN:
                delay = FIRST_DELAY
            self.tell(status="restarting", pid=None, exit_code=code)
            self._publish_names()
            self.wake.wait(delay)
            if self._is_stopped:
                break
            delay = min(delay * 2, LONGEST_DELAY)
            self.state["restarts"] += 1
        self.tell(status="exited", pid=None, exit_code=code, health=None)
        self._publish_names()
        self._tell_that_it_started()

    def tell(self, **changes: Any) -> None:
        """Change the state that others see."""
        with self.lock:
            self.state |= changes
            self.container.save_state(self.state)

    @property
    def _is_stopped(self) -> bool:
        return (self.container.folder / "stopped").exists()

    def _restarts(self, code: int) -> bool:
        policy, _, most = self.settings["restart"].partition(":")
        if self._is_stopped or policy == "no":
            return False
        if policy == "on-failure":
            left = not most or self.state["restarts"] < int(most)
            return code != 0 and left
        return True

    def _run_once(self) -> int:
        """Run the container's first process, and return its exit code."""
        process = self._spawn()
        with ExitStack() as until_it_ends:
            until_it_ends.callback(process.wait)
            until_it_ends.callback(process.kill)
            try:
                self._connect(process.pid, until_it_ends)
            except (OSError, subprocess.CalledProcessError) as error:
                self.state["error"] = str(error)
                return NOT_STARTED
            if refused := self._let_go():
                self.state["error"] = refused
                return NOT_STARTED
            self.state["pid"] = self.pid
            self.tell(
                status="running", health="starting" if self.settings["health"] else None
            )
            self._publish_names()
            self._tell_that_it_started()
            if self.early or self._is_stopped:
                self._stop(self.early or signal.SIGTERM)
            if self.settings["health"]:
                health = Health(self.settings, self.state["pid"], self.tell)
                until_it_ends.callback(health.end)
            if self.settings["memory"]:
                ended = threading.Event()
                until_it_ends.callback(ended.set)
                watch_memory(self.pid, self.settings["memory"], ended)
            code = process.wait()
            self.state["pid"] = None
            signal.setitimer(signal.ITIMER_REAL, 0)
        for thread in self.outputs:
            thread.join()
        return code if code >= 0 else 128 - code

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start the process in namespaces of its own, where it waits for its network."""
        ready_here, ready = os.pipe()
        go, self.go = os.pipe()
        self.error, error = os.pipe()
        numbers = {"ready": ready, "go": go, "error": error}
        told = {**self.settings, **self.settings["process"], **numbers}
        told["dies_with_caller"] = True
        process = subprocess.Popen(
            [*PYTHON, "tests.servers.docker.inside", "first"],
            env={**environment_of_python(), "PROCESS": json.dumps(told)},
            pass_fds=list(numbers.values()),
            stdin=subprocess.PIPE if self.attached else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
        )
        for number in numbers.values():
            os.close(number)
        self._copy_streams(process)
        with os.fdopen(ready_here) as pid:
            self.pid = int(pid.read())
        return process

    def _copy_streams(self, process: subprocess.Popen[bytes]) -> None:
        if self.attached:
            self.outputs = streams.copy(process)
            return
        log = os.open(self.container.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.outputs = [
            streams.take(source, os.dup(log), close=True)
            for source in (process.stdout, process.stderr)
        ]
        os.close(log)

    def _connect(self, pid: int, until_it_ends: ExitStack) -> None:
        """Connect the container's network, and publish its ports."""
        if self.settings["own_network"]:
            connect(pid, self.settings["address"])
        for port in self.settings["ports"]:
            target = (self.settings["address"], port["target"])
            forwarder = Forwarder((port["host_ip"], port["published"]), target)
            until_it_ends.callback(forwarder.close)

    def _let_go(self) -> str:
        """Wait until the command is executed; return the error if it cannot be."""
        os.write(self.go, b"1")
        os.close(self.go)
        with os.fdopen(self.error) as error:
            return error.read()

    def _tell_that_it_started(self) -> None:
        """Let the command that started it go on."""
        (self.container.folder / "started").touch()

    def _publish_names(self) -> None:
        write_hosts(self.container.folder.parents[2], self.settings["project"])

    def _stop(self, number: int, _: object = None) -> None:
        """Send the stop signal, and SIGKILL after the time that is given to end."""
        self.wake.set()
        pid = self.state["pid"]
        self.early = 0 if pid else number
        stopped = self.container.folder / "stopped"
        with suppress(ProcessLookupError):
            if self.attached and not stopped.exists():
                if pid:
                    os.kill(
                        pid, number
                    )  # the terminal's, or of who started the command
                return
            stopped.touch()
            if pid:
                seconds = stopped.read_text() or self.settings["stop_grace_period"]
                os.kill(pid, self.settings["stop_signal"])
                signal.setitimer(signal.ITIMER_REAL, max(float(seconds), 0.001))

    def _kill(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            if self.state["pid"]:
                os.kill(self.state["pid"], signal.SIGKILL)


def _end_with(process: int) -> None:
    """End this process, and so the container, when another ends."""
    with suppress(ProcessLookupError):
        opened = os.pidfd_open(process)
        select.select([opened], [], [])
    os.kill(os.getpid(), signal.SIGKILL)


def supervise(container: Container, attached: bool = False) -> dict[str, Any]:
    """Run a container until it has ended for good, and return its last state."""
    with (container.folder / "supervised").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(str(os.getpid()))
        held.flush()
        supervisor = Supervisor(container, attached)
        supervisor.live()
        return supervisor.state


if __name__ == "__main__":
    supervise(Container(Path(sys.argv[1])))
