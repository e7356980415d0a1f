"""Files and folders that only their owner can read, also those that exist already."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_private(*paths: str | Path) -> None:
    """Take files and folders away from everyone except their owner.

    New ones are private already (utils/__init__.py). Earlier releases and other programs
    may have created these for everyone.

    Args:
        paths: Files and folders; one that is missing or somebody else's is left alone.
    """
    for path in map(Path, paths):
        if path.exists() and (found := path.stat()).st_uid == os.geteuid():
            if found.st_mode & OTHERS:
                path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
