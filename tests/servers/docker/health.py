"""Health checks of a container, with Docker's times and counts."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from typing import Any, Callable

from tests.servers.docker.joining import JOIN, process_in

INTERVAL = TIMEOUT = 30.0
START_INTERVAL = 5.0
RETRIES = 3


class Health:
    """Runs the check again and again in a thread, and tells what it finds."""

    def __init__(
        self, settings: dict[str, Any], pid: int, tell: Callable[..., None]
    ) -> None:
        self.settings, self.pid, self.tell = settings, pid, tell
        self.check = settings["health"]
        self.began = time.monotonic()
        self.ended = threading.Event()
        self.failures = 0
        self.healthy_once = False
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        """Check no more."""
        self.ended.set()

    @property
    def _is_starting(self) -> bool:
        return time.monotonic() - self.began < self.check["start_period"]

    def _watch(self) -> None:
        while True:
            name = "start_interval" if self._is_starting else "interval"
            if self.ended.wait(self.check[name]):
                return
            is_starting = self._is_starting and not self.healthy_once
            code, output = self._probe()
            if self.ended.is_set():
                return
            if code == 0:
                self.failures, self.healthy_once = 0, True
                self.tell(health="healthy", health_output=output)
            elif is_starting:
                self.tell(health_output=output)
            else:
                self.failures += 1
                if self.failures >= self.check["retries"]:
                    self.tell(health="unhealthy", health_output=output)
                else:
                    self.tell(health_output=output)

    def _probe(self) -> tuple[int, str]:
        """Run the check once; one that takes too long is killed."""
        error, told = os.pipe()
        test = self.check["test"]
        environment = process_in(
            self.settings, self.pid, test, dies_with_caller=True, error=told
        )
        with subprocess.Popen(
            JOIN,
            env=environment,
            pass_fds=[told],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            os.close(told)
            try:
                output, _ = process.communicate(timeout=self.check["timeout"])
            except subprocess.TimeoutExpired:
                process.kill()
                return -1, f"Health check exceeded timeout ({self.check['timeout']} s)"
            finally:
                os.close(error)
            return process.returncode, output.decode(errors="replace")[-4096:]
