"""The shell of a page's reader: the real AWS CLI, and stand-ins for docker, uv and git.

`docker push` pushes into the fake's repository, `uv` keeps what it was asked and only tells
the image's tag, and `git status` finds no changes.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.servers.programs import program

DOCKER = r"""#!/bin/sh
echo docker "$@" >> "$STAND_INS"
case $1 in
login) cat > /dev/null ;;
push)
  name=${2#*/}
  exec aws ecr put-image --repository-name "${name%:*}" --image-tag "${name#*:}" \
    --image-manifest-media-type application/vnd.docker.distribution.manifest.v2+json \
    --image-manifest '{"schemaVersion": 2, "config": {"digest": "sha256:4f2a"}}' ;;
esac
"""
UV = f"""#!/bin/sh
echo "${{IMAGE:+IMAGE=$IMAGE }}uv" "$@" >> "$STAND_INS"
case $* in *image-tag*) shift 2; exec '{sys.executable}' "$@" ;; esac
"""
GIT = f"""#!/bin/sh
[ "$1" = status ] || exec {shutil.which("git")} "$@"
"""


def readers_environment(folder: Path) -> dict[str, str]:
    """Write the stand-ins into a folder, and return the environment that has them.

    What they were asked is in the folder's file `stand-ins.log`.
    """
    program("aws")
    programs = folder / "bin"
    programs.mkdir()
    for name, script in (("docker", DOCKER), ("uv", UV), ("git", GIT)):
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    return os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "STAND_INS": str(folder / "stand-ins.log"),
        "HOME": str(folder),
    }
