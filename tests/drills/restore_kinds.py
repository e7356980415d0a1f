"""Each kind of a server of one's own, with what is lost with it and how it comes back."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Protocol

from tests.drills.compose_platform import ComposePlatform, running_compose
from tests.drills.platform import Platform
from tests.drills.stack_platform import (
    StackPlatform,
    image_with_flows,
    stack_platform,
)
from tests.end_to_end.server_on_a_machine import ServerOnAMachine, running_machine
from tests.end_to_end.server_on_ecs import ServerOnEcs, running_server_on_ecs
from tests.infrastructure.templates import SERVER_STACK
from tests.servers.docker.network import GATEWAY, Forwarder
from tests.servers.docker.program import Docker
from tests.servers.docker.stand_ins import project_image
from tests.servers.images import image_settings, ready_store
from tests.servers.ports import free_port
from tests.servers.postgres import new_database, running_postgres

CONTROL_PLANE = "infrastructure.control_plane"


class Kind(Protocol):
    """Server of one kind, with its worker, watch and runs."""

    @property
    def platform(self) -> Platform: ...

    def take(self, backup: Path) -> str:
        """Bring another server's backup to where the command finds it."""

    def back_up(self) -> str:
        """Back up by the command, and return what it prints."""

    def restore(self, backup: str) -> str:
        """Restore by the command, and return what it prints."""

    def lose(self) -> None:
        """Kill all processes, and empty the database and the server's volume."""

    def seen_from_server(self, url: str) -> str:
        """Return where the server finds a port of this machine."""


@dataclass
class Compose:
    """Server of infrastructure/compose.yaml."""

    platform: ComposePlatform

    def take(self, backup: Path) -> str:
        return str(backup)

    def back_up(self) -> str:
        return self.platform.control_plane("backup").strip()

    def restore(self, backup: str) -> str:
        return self.platform.control_plane("restore", backup)

    def lose(self) -> None:
        assert self.platform.docker
        _kill_containers(self.platform.docker)
        self.platform.compose("down", "--volumes", "--timeout", "0")

    def seen_from_server(self, url: str) -> str:
        return _behind_gateway(url)


@dataclass
class Ec2:
    """Server of prefect_server_ec2.yml. Its machine is the worker, too."""

    machine: ServerOnAMachine
    platform: StackPlatform

    def take(self, backup: Path) -> str:
        return _upload(self.machine, backup)

    def back_up(self) -> str:
        return self.machine.script("backup").strip()

    def restore(self, backup: str) -> str:
        return self.machine.script("restore", backup)

    def lose(self) -> None:
        _kill_containers(self.machine.docker)
        self.machine.cloud.kill_tasks()
        self.machine.script("compose", "down", "--timeout", "0")
        for volume in ("database", "server"):
            for each in (self.machine.folder / "opt/data" / volume).iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()

    def seen_from_server(self, url: str) -> str:
        return _behind_gateway(url)


@dataclass
class Ecs:
    """Server of prefect_server_ecs.yml, with a worker of the platform's stack."""

    server: ServerOnEcs
    platform: StackPlatform

    def take(self, backup: Path) -> str:
        return _upload(self.server, backup)

    def back_up(self) -> str:
        return self._command("backup").strip()

    def restore(self, backup: str) -> str:
        return self._command("restore", backup)

    def lose(self) -> None:
        postgres = self.server.rds.postgres
        self.server.cloud.kill_tasks()
        postgres.query("DROP DATABASE prefect WITH (FORCE)", "postgres")
        with suppress(FileNotFoundError):
            for volume in (self.server.cloud.folder / "file-systems").iterdir():
                shutil.rmtree(volume / "prefect", ignore_errors=True)
        # as RDS makes it for a new stack
        postgres.query("CREATE DATABASE prefect OWNER prefect", "postgres")

    def seen_from_server(self, url: str) -> str:
        return url

    def _command(self, *words: str) -> str:
        stacks = self.server.platform
        return stacks.command(CONTROL_PLANE, *words, "--stack", SERVER_STACK)


@contextmanager
def compose(runs: int) -> Iterator[Compose]:
    """Run everything of compose's kind, with a worker that has so many runs at once."""
    with running_compose(runs) as platform:
        yield Compose(platform)


@contextmanager
def ec2(runs: int) -> Iterator[Ec2]:
    with tempfile.TemporaryDirectory() as made:
        os.environ |= image_settings(Path(made))
        with ready_store(), running_postgres(Path(made) / "warehouse") as postgres:
            image = image_with_flows(project_image())
            with running_machine(image, new_database(postgres), runs) as machine:
                machine.platform.wait_for_worker()
                yield Ec2(machine, stack_platform(machine.platform))


@contextmanager
def ecs(runs: int) -> Iterator[Ecs]:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        os.environ |= image_settings(folder)
        with ready_store(), running_postgres(folder / "warehouse") as postgres:
            image = image_with_flows(project_image())
            warehouse = new_database(postgres)
            with running_server_on_ecs(image, warehouse, folder, runs) as server:
                server.wait_for_server()
                stacks = server.platform
                stacks.outputs = server.cloud.update_stack(
                    "data-platform", MinimumWorkers="1"
                )
                stacks.wait_for_worker()
                yield Ecs(server, stack_platform(stacks))


KINDS: dict[str, Callable[[int], AbstractContextManager[Kind]]] = {
    "compose": compose,
    "ec2": ec2,
    "ecs": ecs,
}


def _kill_containers(docker: Docker) -> None:
    for container in docker.containers():
        with suppress(ProcessLookupError):
            os.kill(docker.first_process(container.settings["service"]), signal.SIGKILL)


def _upload(server: ServerOnAMachine | ServerOnEcs, backup: Path) -> str:
    bucket = server.outputs["DumpBucketName"]
    server.cloud.client("s3").upload_file(str(backup), bucket, backup.name)
    return f"s3://{bucket}/{backup.name}"


def _behind_gateway(url: str) -> str:
    """Let containers reach a port of this machine's loopback, and return its address."""
    here = int(url.rpartition(":")[2])
    there = free_port()
    Forwarder(("0.0.0.0", there), ("127.0.0.1", here))
    return f"http://{GATEWAY}:{there}"
