"""The server of infrastructure/compose.yaml on this machine, by Docker or Podman."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO

from prefect.settings import PREFECT_API_AUTH_STRING

from infrastructure.prefect_profile import make_profile
from utils.errors import ClearError

FILE = Path(__file__).parents[1] / "compose.yaml"
SETTINGS = FILE.parent / ".env"
ADDRESS = "http://127.0.0.1:4200/api"
CLIENTS = ("worker", "watch")
KNOWN_UNTIL = "SELECT value->>'known_until' FROM variable WHERE name = 'restored'"


def make_settings() -> None:
    """Write what compose.yaml takes from its environment; made passwords are kept.

    The file can be read by its owner alone, and git ignores it.
    """
    before = _settings()
    settings = {
        "CLONE": str(FILE.parents[1]),
        "OWNER": before.get("OWNER", f"{os.getuid()}:{os.getgid()}"),
        "POSTGRES_PASSWORD": before.get("POSTGRES_PASSWORD", secrets.token_urlsafe(32)),
        "PREFECT_API_AUTH_STRING": make_profile(ADDRESS)[PREFECT_API_AUTH_STRING],
    }
    lines = [f"{name}='{value}'\n" for name, value in settings.items()]
    new = SETTINGS.with_suffix(".new")
    with open(new, "w", opener=_private) as file:
        file.writelines(lines)
    new.replace(SETTINGS)


def backup(to: Path) -> None:
    """Write a backup of Prefect's database, or nothing.

    Raises:
        ClearError: The database is not up, or there is such a file.
    """
    if to.exists():
        raise ClearError(
            f"{to} is there already. Nothing was changed. Name another file."
        )
    partial = to.with_name(f".{to.name}.partial")
    try:
        with open(partial, "wb", opener=_private) as file:
            _database("pg_dump", "--format=custom", "prefect", stdout=file)
        partial.rename(to)
    finally:
        partial.unlink(missing_ok=True)


def restore(backup: Path) -> str:
    """Put a backup in the place of Prefect's database, and return what is told of it.

    The server, the worker and its runs end before that, and start again afterwards, also if
    the backup cannot be restored and nothing has changed.

    Raises:
        ClearError: There is no such file, or it cannot be restored.
    """
    if not backup.is_file():
        raise ClearError(f"There is no file {backup}. Nothing was changed.")
    _compose("up", "--detach", "--wait", "database")
    _compose("stop", *CLIENTS, "server")
    try:
        with backup.open("rb") as file:
            told = _database("sh", "/control-plane/restore.sh", stdin=file)
        known_until = _database(
            "psql", "--no-align", "--tuples-only", "-c", KNOWN_UNTIL
        )
        forget = ("python", "-m", "infrastructure.lease_storage", known_until.strip())
        _compose("run", "--rm", "--no-deps", "-T", "server", *forget)
    finally:
        _compose("up", "--detach", "--wait")
    return told


def _database(*command: str, **files: IO[bytes]) -> str:
    return _compose("exec", "-T", "database", *command, **files)


def _compose(
    *words: str, stdin: IO[bytes] | int = DEVNULL, stdout: IO[bytes] | int = PIPE
) -> str:
    """Run a command of Compose, and return its output.

    Raises:
        ClearError: It failed, or neither Docker nor Podman is there.
    """
    engine = shutil.which("docker") or shutil.which("podman")
    if engine is None:
        raise ClearError("Neither docker nor podman is there. Install one of them.")
    if not SETTINGS.exists():
        raise ClearError(
            f"There is no {SETTINGS}. First run"
            " `uv run python -m infrastructure.control_plane prepare`."
        )
    command = [engine, "compose", "--file", str(FILE), *words]
    done = subprocess.run(command, stdin=stdin, stdout=stdout, stderr=PIPE)
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-5:]
        raise ClearError("\n".join([f"`{' '.join(words)}` failed:", *last]))
    return done.stdout.decode() if done.stdout else ""


def _settings() -> dict[str, str]:
    if not SETTINGS.exists():
        return {}
    lines = (line.partition("=") for line in SETTINGS.read_text().splitlines())
    return {name: value.strip("'") for name, _, value in lines}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
