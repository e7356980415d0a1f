"""Command line: `python -m infrastructure.control_plane prepare | backup | restore`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from infrastructure.control_plane import compose
from utils.runs.command_line import command_line, run_commands

app = command_line(
    "infrastructure.control_plane",
    "Prepare, back up and restore a Prefect server of your own.",
)


@app.command
def prepare() -> None:
    """Make the passwords of infrastructure/compose.yaml. Those that are there stay."""
    compose.make_settings()
    print(f"Passwords: {compose.SETTINGS}")
    print("Start it: docker compose -f infrastructure/compose.yaml up --detach")
    print("Then: export PREFECT_PROFILE=data-platform")


@app.command
def backup(to: Path | None = None) -> None:
    """Back up Prefect's database, while everything goes on.

    Args:
        to: File to write. A backup holds the secrets of Prefect's blocks: keep it private.
    """
    to = to or Path(f"prefect-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump")
    compose.backup(to)
    print(to)


@app.command
def restore(backup: Path) -> None:
    """Put a backup in the place of Prefect's database.

    Args:
        backup: File that `backup` has written, here or on another server.
    """
    print(compose.restore(backup), end="")


if __name__ == "__main__":
    run_commands(app)
