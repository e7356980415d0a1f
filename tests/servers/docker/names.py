"""Names of a project's services, in /etc/hosts of each container."""

from __future__ import annotations

import os
from pathlib import Path

from tests.servers.docker.containers import Container
from tests.servers.docker.network import locked


def write_hosts(state: Path, project: str) -> None:
    """Write the names of a project's running services for all of its containers.

    Docker has a name server for this, where a stopped service has no name either.
    """
    with locked(state):
        every = [
            Container(each.parent)
            for each in (state / "projects" / project).glob("*/container.json")
        ]
        names = ""
        for container in every:
            settings = container.settings
            if settings["aliases"] and container.is_running:
                names += f"{settings['address']}\t{' '.join(settings['aliases'])}\n"
        for container in every:
            if container.settings["own_network"]:
                own = (container.folder / "own_hosts").read_text()
                _rewrite(container.folder / "hosts", own + names)


def _rewrite(file: Path, text: str) -> None:
    """Change a file that is mounted and may be read now: it is never empty."""
    opened = os.open(file, os.O_WRONLY)
    os.pwrite(opened, text.encode(), 0)
    os.ftruncate(opened, len(text.encode()))
    os.close(opened)
