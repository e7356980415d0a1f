"""Runner of a task's command in a real image, by buildah without a daemon.

`--isolation chroot` needs no rights that a container lacks, shares the machine's
network, and drops to the user that the image names. A root file system that is read-only
takes the right to mount.

buildah gives a folder that the image declares as VOLUME a writable copy, with its owner,
as Fargate does if a volume is mounted there. Another volume belongs to root.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from tests.servers.images import buildah

ENVIRONMENT = "/run/environment"  # in the container
# Targets of buildah's mounts, which it cannot make any more in a read-only file system.
TARGET_FOLDERS = ("dev", "proc", "sys")
TARGET_FILES = (
    *("etc/hostname", "etc/hosts", "etc/resolv.conf"),
    *("run/.containerenv", ENVIRONMENT),
)
# buildah removes a file in /run afterwards. That folder belongs to root.
READ_ONLY = """set -e
mount --bind "$0" "$0"
mount --bind "$0/run" "$0/run"
mount -o remount,bind,ro "$0"
exec "$@"
"""
# The shell waits for the command, because buildah's exit code hides signals.
SHELL = f'. {ENVIRONMENT}; "$@" 2>&1; exit $?'


@dataclass(frozen=True)
class ImageRunner:
    """Runner of tasks in one local image, whatever tag their definitions name.

    Without an image, each task runs in the local image of its own tag.
    """

    image: str = ""

    def start(
        self,
        container: dict[str, Any],
        command: list[str],
        environment: dict[str, str],
        folder: Path,
        volumes: dict[str, Path],
    ) -> subprocess.Popen[bytes]:
        """Start the command as the container's user, with the image's entry point."""
        name, local = f"task-{folder.name}", self.image or container["image"]
        buildah("from", "--pull-never", "--name", name, local)
        image = json.loads(buildah("inspect", "--type", "image", local))
        settings = image["OCIv1"]["config"]
        entry = container.get("entryPoint") or settings.get("Entrypoint") or []
        argv = entry + (command or settings.get("Cmd") or [])
        # Not by options: every user sees the command line of a process.
        given = folder / "environment"
        given.write_text(
            "".join(f"export {k}={shlex.quote(v)}\n" for k, v in environment.items())
        )
        given.chmod(0o644)  # for the image's user
        options = [f"--volume={given}:{ENVIRONMENT}:ro"]
        options += _mounts(container, settings.get("Volumes") or {}, volumes)
        if user := container.get("user"):
            options.append(f"--user={user}")
        linux = container.get("linuxParameters", {}).get("capabilities", {})
        options += [f"--cap-drop={each}" for each in linux.get("drop", [])]
        read_only = container.get("readonlyRootFilesystem")
        before = _read_only(name, container) if read_only else []
        # buildah's own messages are not the task's output
        with (folder / "buildah.log").open("wb") as log:
            return subprocess.Popen(
                [*before, "buildah", "run", "--isolation", "chroot", *options]
                + [name, "--", "/bin/sh", "-c", SHELL, "sh", *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def terminate(self, process: subprocess.Popen[bytes]) -> None:
        """Send SIGTERM to the command itself: buildah does not pass it on."""
        inside = [pid for pid in _descendants(process.pid) if not _is_buildah(pid)]
        for pid in inside[:2][-1:]:  # the shell's child
            os.kill(pid, signal.SIGTERM)

    def clean_up(self, folder: Path) -> None:
        """Remove the container's file system and its secrets."""
        (folder / "environment").unlink()
        buildah("rm", f"task-{folder.name}")


def _mounts(
    container: dict[str, Any], of_image: dict[str, Any], volumes: dict[str, Path]
) -> Iterator[str]:
    """Yield options that mount the task's volumes where the image declares none."""
    for point in container.get("mountPoints") or []:
        if point["containerPath"] not in of_image:
            mode = "ro" if point.get("readOnly") else "rw"
            volume = volumes[point["sourceVolume"]]
            yield f"--volume={volume}:{point['containerPath']}:{mode}"


def _read_only(name: str, container: dict[str, Any]) -> list[str]:
    """Return the words of a command that make a container's files read-only for another."""
    root = Path(buildah("mount", name))
    points = [each["containerPath"] for each in container.get("mountPoints") or []]
    for target in (*TARGET_FOLDERS, *points):
        (root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for target in TARGET_FILES:
        file = root / target.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return ["unshare", "--mount", "sh", "-c", READ_ONLY, str(root)]


def _descendants(pid: int) -> Iterator[int]:
    """Return a process's descendants, parents before children."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))


def _is_buildah(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").read_text().startswith("buildah")
