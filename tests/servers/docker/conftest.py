"""Fixtures of the fake docker's own tests: small images, a machine, one service."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from tests.servers.docker.program import Docker, fake_docker
from tests.servers.images import BASE, ready_store, what_is_missing


@pytest.fixture(scope="session")
def base_image() -> Iterator[str]:
    """Debian with Python, the base of all images."""
    if missing := what_is_missing():
        pytest.skip(missing)
    with ready_store():
        yield BASE


@pytest.fixture
def docker(base_image: str) -> Iterator[Docker]:
    """A machine with the program `docker` and the image `base`."""
    folder = Path(tempfile.mkdtemp(prefix="docker-", dir=os.environ["XDG_RUNTIME_DIR"]))
    with fake_docker(folder, {"base": base_image}) as machine:
        yield machine
    shutil.rmtree(folder)


class Files:
    """Writes Compose files, and runs `docker compose` with them."""

    def __init__(self, docker: Docker, folder: Path) -> None:
        self.docker, self.folder = docker, folder

    def write(self, text: str, name: str = "compose.yaml") -> None:
        (self.folder / name).write_text(text)

    def run(self, *words: str, given: bytes = b"") -> str:
        """Run a command that has to succeed, and return its output."""
        done = self.docker.compose(*words, given=given, cwd=self.folder)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return done.stdout.decode()

    def fail(self, *words: str, code: int = 1) -> str:
        """Run a command that has to fail, and return its errors."""
        done = self.docker.compose(*words, cwd=self.folder)
        assert done.returncode == code, (done.stdout + done.stderr).decode()
        return done.stderr.decode()


@pytest.fixture
def files(docker: Docker, tmp_path: Path) -> Files:
    """An empty folder for Compose files."""
    return Files(docker, tmp_path)
