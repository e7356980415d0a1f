"""Temporary git repository, without the user's settings and hooks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# In a hook these variables name the outer repository, and git would write into it.
NOT_OF_HOOKS = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
ENVIRONMENT = NOT_OF_HOOKS | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A developer",
    "GIT_AUTHOR_EMAIL": "developer@example.org",
    "GIT_COMMITTER_NAME": "A developer",
    "GIT_COMMITTER_EMAIL": "developer@example.org",
}


class Repository:
    """Repository with its working tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert text.count(old) == 1, (path, old)
        self.write({path: text.replace(old, new)})

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()

    def remove(self, path: str) -> None:
        place = self.folder / path
        shutil.rmtree(place) if place.is_dir() else place.unlink()

    def commit(self, message: str = "A change") -> str:
        """Commit all files, and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")
