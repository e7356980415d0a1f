"""Runner of a task's command as a local process, in a copy of a code folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.python import programs

# Files that no clone of the repository has.
NOT_CODE = shutil.ignore_patterns(".git", ".venv", "secrets.toml", "*.duckdb")


@dataclass(frozen=True)
class ProcessRunner:
    """Runner of tasks from a code folder, which stands for the content of any image."""

    code: Path

    def start(
        self,
        container: dict[str, Any],
        command: list[str],
        environment: dict[str, str],
        folder: Path,
        volumes: dict[str, Path],
    ) -> subprocess.Popen[bytes]:
        """Start the command with an empty home, its own environment and no volumes."""
        if "user" in container:  # it may write where only a container's files should be
            raise RuntimeError(f"{container['name']} has a user: run it in an image")
        shutil.copytree(self.code, folder / "app", ignore=NOT_CODE)
        (folder / "home").mkdir()
        found = {
            "PATH": f"{programs()}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
        }
        return subprocess.Popen(
            command,
            cwd=folder / "app",
            env=found | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def terminate(self, process: subprocess.Popen[bytes]) -> None:
        """Send SIGTERM to the first process only, as ECS does."""
        process.terminate()

    def clean_up(self, folder: Path) -> None:
        """Kill remaining processes, and remove the container's file system."""
        for pid in processes_in(folder / "app"):  # flow runs leave their process group
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder / "app", ignore_errors=True)
        shutil.rmtree(folder / "home", ignore_errors=True)


def processes_in(folder: Path) -> list[int]:
    """Yield the processes whose working directory is this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if (process / "cwd").resolve() == folder:
                found.append(int(process.name))
    return found
