"""A small image with a shell, for tasks that need no more."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

IMAGE = "localhost/tests-cloud-shell"
PROGRAMS = ("sh", "env", "id", "sleep", "ls", "chown", "mkdir", "setsid")


@contextmanager
def shell_image(root: Path) -> Iterator[str]:
    """Build an image with a shell, its libraries and a user, in an empty folder."""
    before = os.umask(0o022)  # the image's user must be able to read
    for program in PROGRAMS:
        path = Path(shutil.which(program)).resolve()
        linked = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        libraries = [word for word in linked.split() if word.startswith("/")]
        for source in [str(path), *libraries]:
            target = root / source.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        (root / "bin").mkdir(exist_ok=True)
        if not (root / "bin" / program).exists():
            shutil.copy(path, root / "bin" / program)
    (root / "home" / "app").mkdir(parents=True)
    for name in ("tmp", "open"):
        (root / name).mkdir()
        (root / name).chmod(0o777)
    (root / "etc").mkdir()
    (root / "etc" / "passwd").write_text("app:x:999:999::/home/app:/bin/sh\n")
    (root / "etc" / "group").write_text("app:x:999:\n")
    (root / "Dockerfile").write_text(
        "FROM scratch\nCOPY . /\nRUN chown app /home/app\n"
        "ENV FROM_IMAGE=yes PATH=/bin:/usr/bin\nUSER app\n"
        'WORKDIR /home/app\nCMD ["sh", "-c", "echo by default"]\n'
        'VOLUME ["/home/app", "/tmp"]\n'
    )
    os.umask(before)
    subprocess.run(
        ["buildah", "build", "--isolation", "chroot", "--tag", IMAGE, root],
        check=True,
        capture_output=True,
    )
    yield IMAGE
    subprocess.run(["buildah", "rmi", IMAGE], check=True, capture_output=True)
