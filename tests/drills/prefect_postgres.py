"""Debian's PostgreSQL as the database of Prefect's server.

Prefect needs its extension pg_trgm, which the PostgreSQL of the package index lacks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from tests.repository.tree import ROOT
from tests.servers.ports import free_port

PROGRAMS = Path("/usr/lib/postgresql")
RESTORE = ROOT / "infrastructure/control_plane/database/restore.sh"


@dataclass
class PrefectPostgres:
    """A server that can be stopped and started again."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """URL of Prefect's database for a superuser."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/prefect"

    @property
    def settings(self) -> dict[str, str]:
        """Environment in which Prefect's server uses it."""
        url = f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/prefect"
        return {"PREFECT_SERVER_DATABASE_CONNECTION_URL": url}

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which PostgreSQL's programs use it."""
        connection = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port)}
        return os.environ | connection | {"PGUSER": "postgres"}

    def query(self, sql: str, database: str = "prefect") -> str:
        """Run statements, and return what they find, unaligned."""
        words = ["psql", "-qtAX", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql]
        return subprocess.run(
            words, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        _run("pg_ctl", "-D", self.folder, "-l", self.folder / "log", "start")

    def stop(self) -> None:
        """Stop it as a restart of its machine does, with the connections that it has."""
        _run("pg_ctl", "-D", self.folder, "-m", "fast", "stop")

    def back_up(self, to: Path) -> None:
        """Write a backup as `python -m infrastructure.control_plane backup` does."""
        self.shell(f"pg_dump --format=custom prefect > '{to}'")

    def restore(self, backup: Path) -> str:
        """Put a backup back while Prefect's server is stopped, and return what is told."""
        return self.shell(f"sh '{RESTORE}' < '{backup}'")

    def shell(self, command: str) -> str:
        """Run a command that has to succeed, and return its output."""
        done = subprocess.run(
            ["sh", "-c", command], env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout


@contextmanager
def running_prefect_postgres() -> Iterator[PrefectPostgres]:
    """Run PostgreSQL in a new folder, which goes at the end.

    Raises:
        FileNotFoundError: It is not installed.
    """
    # not within another temporary folder, which is closed to PostgreSQL's user
    folder = Path(tempfile.mkdtemp(prefix="prefect-postgres-"))
    postgres = PrefectPostgres(folder, free_port())
    try:
        if user := _user():
            shutil.chown(folder, user)
        _run("initdb", "-D", folder, "-U", "postgres", "-A", "trust")
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write(f"port = {postgres.port}\nunix_socket_directories = ''\n")
        postgres.start()
        try:
            postgres.query("CREATE DATABASE prefect", "postgres")
            yield postgres
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder)


def _user() -> str | None:
    """Return the user of Debian's PostgreSQL, which refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def _run(program: str, *words: str | Path) -> None:
    found = sorted(PROGRAMS.glob(f"*/bin/{program}"))
    if not found:
        raise FileNotFoundError("PostgreSQL is missing: apt-get install postgresql")
    subprocess.run(
        [found[-1], *words],
        user=_user(),
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
