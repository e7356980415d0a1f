"""Runs a task's command in a real image, by buildah without a daemon.

`--isolation chroot` needs no rights that a container lacks, shares the machine's network,
and drops to the user that the image names.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ImageRunner:
    """Stands for the registry: whatever tag is asked for, this local image runs."""

    image: str

    def start(
        self,
        container: dict[str, Any],
        command: list[str],
        environment: dict[str, str],
        folder: Path,
    ) -> subprocess.Popen[bytes]:
        """Start it as the image's user, with the image's entry point."""
        name = f"task-{folder.name}"
        _buildah("from", "--pull-never", "--name", name, self.image)
        image = json.loads(_buildah("inspect", "--type", "image", self.image))
        settings = image["OCIv1"]["config"]
        entry = container.get("entryPoint") or settings.get("Entrypoint") or []
        argv = entry + (command or settings.get("Cmd") or [])
        # Values by name only: the command line of a process is seen by everyone.
        names = [option for key in environment for option in ("--env", key)]
        return subprocess.Popen(
            ["buildah", "run", "--isolation", "chroot", *names, name, "--", *argv],
            env=dict(os.environ) | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def clean_up(self, folder: Path) -> None:
        """The container's file system goes with it."""
        _buildah("rm", f"task-{folder.name}")


def _buildah(*arguments: str) -> str:
    done = subprocess.run(["buildah", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"buildah {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
