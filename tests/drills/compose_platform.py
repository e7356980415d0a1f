"""The services of infrastructure/compose.yaml in a clone of their own, and a warehouse.

They are run by the fake docker (tests/servers/docker).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator

import httpx
import yaml

from tests.drills.platform import Platform
from tests.repository.tree import copy_repository
from tests.servers.docker.network import GATEWAY, Forwarder
from tests.servers.docker.program import Docker, fake_docker
from tests.servers.docker.stand_ins import (
    postgres_image,
    prefect_image,
    project_image,
)
from tests.servers.images import image_settings, ready_store, store
from tests.servers.local_server import environment_without_server
from tests.servers.postgres import new_database, over_tcp, running_postgres

FILE = "infrastructure/compose.yaml"
# As on a developer's machine, where nobody works as root.
OWNER = 1000
PORT = 5432
"""Port of the warehouse."""


@dataclass
class ComposePlatform(Platform):
    """Platform whose processes are the compose file's services."""

    docker: Docker | None = None

    @property
    def environment(self) -> dict[str, str]:
        assert self.docker
        return environment_without_server(self.home) | {
            "PREFECT_PROFILE": "data-platform",
            "PATH": self.docker.environment["PATH"],
            # the clone is another user's
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }

    def compose(self, *words: str) -> str:
        """Run a command of Compose, which has to succeed."""
        return self._run("docker", "compose", "--file", FILE, *words)

    def control_plane(self, *words: str) -> str:
        """Run a command of infrastructure.control_plane, which has to succeed."""
        return self._run(sys.executable, "-m", "infrastructure.control_plane", *words)

    def make_pool(self) -> None:
        """Make the work pool as the README's command does."""
        self._run(sys.executable, "-m", "blocks", "apply", "dev")

    def deploy_all(self) -> None:
        """Make the deployments of the pool `dev` as the README's command does."""
        command = (sys.executable, "-m", "prefect", "--no-prompt", "deploy")
        self._run("git", "init", "--quiet")
        self._run(*command, "-n", "dev", "-n", "dev-backfill")

    def start(self, name: str = "") -> None:
        """Start a service, by default all, and wait until what has health is healthy."""
        self.compose("up", "--detach", "--wait", *filter(None, [name]))

    def kill(self, name: str, with_runs: bool = True) -> None:
        """Kill a service's first process, and so all of its others. It is restarted."""
        assert self.docker and with_runs
        os.kill(self.docker.first_process(name), signal.SIGKILL)

    def end(self) -> None:
        """End the services, and remove their volumes."""
        self.compose("down", "--volumes", "--timeout", "5")

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd=self.clone,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stdout}{done.stderr}"[-5000:])
        return done.stdout


@contextmanager
def running_compose(runs: int = 4) -> Iterator[ComposePlatform]:
    """Run all services in a new clone, in a network of their own, which this thread enters.

    Args:
        runs: Runs that the worker has at once.
    """
    with ExitStack() as stack:
        os.environ |= image_settings(Path(stack.enter_context(TemporaryDirectory())))
        stack.enter_context(ready_store())
        # on a disk, and readable by the worker's user
        folder = Path(stack.enter_context(TemporaryDirectory(dir=store())))
        folder.chmod(0o755)
        clone = copy_repository(folder / "clone")
        project = project_image()
        services = yaml.safe_load((clone / FILE).read_text())["services"]
        images = {
            services["database"]["image"]: postgres_image().name,
            services["server"]["image"]: prefect_image(project).name,
            "build": project.name,
        }
        (folder / "docker").mkdir()
        docker = stack.enter_context(fake_docker(folder / "docker", images))
        postgres = stack.enter_context(running_postgres(folder / "warehouse"))
        stack.enter_context(docker.network())
        warehouse = new_database(postgres)
        url = httpx.URL(stack.enter_context(over_tcp(warehouse)))
        assert url.port
        # Containers reach this machine at its gateway.
        forwarder = Forwarder(("0.0.0.0", PORT), ("127.0.0.1", url.port))
        stack.callback(forwarder.close)
        _set_limit(clone / FILE, runs)
        _set_warehouse(clone, str(url.copy_with(host=GATEWAY, port=PORT)))
        for each in (clone, *clone.rglob("*")):
            shutil.chown(each, OWNER, OWNER)
        platform = ComposePlatform(
            folder / "home", 4200, warehouse, clone=clone, docker=docker
        )
        platform.home.mkdir()
        platform.control_plane("prepare")
        env = clone / "infrastructure/.env"
        env.write_text(
            env.read_text().replace("OWNER='0:0'", f"OWNER='{OWNER}:{OWNER}'")
        )
        stack.callback(platform.end)
        try:
            platform.start()
            platform.make_pool()
            yield platform
        except BaseException:
            for service in services:
                print(platform.compose("logs", "--tail", "40", service))
            raise


def _set_limit(file: Path, runs: int) -> None:
    text, limit, memory = file.read_text(), '--limit, "4"', "mem_limit: 3g"
    assert limit in text and memory in text
    text = text.replace(limit, f'--limit, "{runs}"')
    file.write_text(text.replace(memory, f"mem_limit: {max(3, runs // 3)}g"))


def _set_warehouse(clone: Path, url: str) -> None:
    """Let the clone's flows load into a database, as a developer sets it."""
    config = clone / ".dlt/config.toml"
    text = config.read_text()
    config.write_text(text.replace('type = "duckdb"', 'type = "postgres"'))
    secrets = f'[destination.warehouse]\ncredentials = "{url}"\n'
    (clone / ".dlt/secrets.toml").write_text(secrets)
