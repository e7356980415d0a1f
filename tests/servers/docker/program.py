"""The program `docker` for a test, and the network in which its containers run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Mapping

from tests.servers.docker import kernel
from tests.servers.docker.containers import ROOT, Container
from tests.servers.docker.creation import remove, remove_lost_roots

PROGRAM = """\
import os, sys
for name, value in {settings!r}.items():
    os.environ.setdefault(name, value)
sys.path.insert(0, {root!r})
from tests.servers.docker.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def install(
    folder: Path, images: Mapping[str, str], network: int | None = None
) -> dict[str, str]:
    """Write a program `docker`, and return the environment that has it in PATH.

    Args:
        folder: Existing folder for the program, the table of images and all state.
        images: Ids of images in the tests' store, by the names in Compose files. `build`
            is the image of services that are built.
        network: Process whose network and mounts every command enters. Without it each
            command has to be in `in_own_network()` already.
    """
    table = folder / "images.json"
    table.write_text(json.dumps(dict(images)))
    settings = {
        "FAKE_DOCKER_STATE": str(folder / "state"),
        "FAKE_DOCKER_IMAGES": str(table),
        "CONTAINERS_STORAGE_CONF": os.environ["CONTAINERS_STORAGE_CONF"],
        "PATH": os.environ["PATH"],
    }
    if network:
        settings["FAKE_DOCKER_NETWORK"] = str(network)
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    main = program.with_suffix(".py")
    main.write_text(PROGRAM.format(settings=settings, root=str(ROOT)))
    # not as its interpreter, because a path may have a space
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{main}' \"$@\"\n")
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}


@dataclass(frozen=True)
class Docker:
    """The program `docker` and its machine.

    Args:
        folder: Folder with all state.
        environment: Environment that has the program in PATH.
        process: Process that holds the machine's network and mounts.
    """

    folder: Path
    environment: dict[str, str]
    process: int

    def compose(
        self, *words: str, given: bytes = b"", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `docker compose`, which may fail."""
        return subprocess.run(
            ["docker", "compose", *words],
            env=self.environment,
            input=given,
            capture_output=True,
            cwd=cwd,
        )

    def containers(self) -> list[Container]:
        """Return all containers of all projects."""
        found = sorted(self.folder.glob("state/projects/*/*/container.json"))
        return [Container(each.parent) for each in found]

    def first_process(self, service: str) -> int:
        """Return the id, on this machine, of a running service's first process."""
        states = [
            c.state for c in self.containers() if c.settings["service"] == service
        ]
        return states[0]["pid"]

    def clear(self) -> None:
        """Remove all containers and volumes."""
        for container in self.containers():
            container.stop(0)
            remove(container)
        shutil.rmtree(self.folder / "state" / "volumes", ignore_errors=True)

    @contextmanager
    def network(self) -> Iterator[None]:
        """Let this thread connect to published ports, which no other network has."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        machine = os.open(f"/proc/{self.process}/ns/net", os.O_RDONLY)
        try:
            kernel.enter(machine)
            yield
        finally:
            kernel.enter(own)
            os.close(own)
            os.close(machine)


@contextmanager
def fake_docker(folder: Path, images: Mapping[str, str]) -> Iterator[Docker]:
    """Install a program `docker` with a network of its own; remove all at the end.

    Args:
        folder: Existing, empty folder, on a disk.
        images: Ids of images by the names in Compose files; see `install`.
    """
    remove_lost_roots()
    script = "ip link set lo up && echo && exec sleep infinity"
    with subprocess.Popen(
        # Should the test be killed, so are this process and all supervisors.
        [
            "setpriv",
            "--pdeathsig=KILL",
            "unshare",
            "--net",
            "--mount",
            "sh",
            "-c",
            script,
        ],
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        environment = install(folder, images, holder.pid)
        docker = Docker(folder, environment, holder.pid)
        try:
            yield docker
        finally:
            docker.clear()
            holder.kill()
