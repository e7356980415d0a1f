"""A Compose project: its services are started and stopped in order."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Collection, Iterator

from tests.servers.docker.containers import Container
from tests.servers.docker.creation import create, remove, settings_hash
from tests.servers.docker.errors import ComposeError
from tests.servers.docker.mounts import named_volume
from tests.servers.docker.table import image_of


@dataclass
class Project:
    """The services of merged files, and their containers.

    Args:
        name: The project's name.
        application: What the files say.
        state: Folder of all state.
        profiles: Profiles that are switched on.
    """

    name: str
    application: dict[str, Any]
    state: Path
    profiles: Collection[str] = ()

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        return self.application["services"]

    @property
    def folder(self) -> Path:
        return self.state / "projects" / self.name

    def container(self, service: str) -> Container:
        """Return a service's container, which may not exist."""
        return Container(self.folder / f"{self.name}-{service}-1")

    def containers(self) -> list[Container]:
        """Return all containers that exist, also of services no longer in the files."""
        found = sorted(self.folder.glob("*/container.json"))
        return [Container(each.parent) for each in found]

    def chosen(self, names: Collection[str]) -> list[str]:
        """Return the named services, or those of no or a switched-on profile."""
        for name in names:
            if name not in self.services:
                raise ComposeError(f"no such service: {name}")
        on = [
            name
            for name, settings in self.services.items()
            if not settings.get("profiles")
            or "*" in self.profiles
            or set(settings["profiles"]) & set(self.profiles)
        ]
        return list(names) or on

    def in_order(self, names: Collection[str], with_others: bool = True) -> list[str]:
        """Return services so that each comes after those that it depends on."""
        done: list[str] = []

        def add(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                raise ComposeError(f"dependency cycle detected: {' -> '.join(path)}")
            for other in self.services[name].get("depends_on", {}):
                if other in self.services and (with_others or other in names):
                    add(other, (*path, name))
            if name not in done:
                done.append(name)

        for name in names:
            add(name, ())
        return done

    def up(
        self,
        names: Collection[str],
        dependencies: bool = True,
        anew: bool = False,
        seconds: float | None = None,
    ) -> list[str]:
        """Create and start services, each after what it depends on is as it has to be."""
        order = self.in_order(self.chosen(names), dependencies)
        for name in order:
            if dependencies:
                self.wait_for_dependencies(name)
            container = self.container(name)
            image = image_of(self.services[name])
            wanted = settings_hash(self.services[name], image)
            if container.exists and (anew or container.settings["hash"] != wanted):
                container.stop(seconds)
                remove(container, volumes=False)
                _say(name, "Recreated")
            if not container.exists:
                self.create(name)
            if container.state["status"] not in ("running", "restarting"):
                self.start(container)
                _say(name, "Started")
        return order

    def create(
        self, service: str, folder: Path | None = None, **changes: Any
    ) -> Container:
        """Create a service's container, or one of its kind with some changes."""
        settings = {**self.services[service], **changes}
        own = folder or self.container(service).folder
        image = image_of(settings)
        named = "" if folder else service
        return create(own, self.name, named, settings, image, self.application)

    @staticmethod
    def start(container: Container) -> None:
        try:
            container.start()
        except RuntimeError as error:
            raise ComposeError(f"Error response from daemon: {error}") from None

    def wait_for(self, names: Collection[str], seconds: float | None) -> None:
        """Wait until services run, and are healthy if they have a check.

        A service whose completion another waits for has to complete instead.
        """
        deadline = time.monotonic() + seconds if seconds else None
        completing = {
            other
            for settings in self.services.values()
            for other, how in settings.get("depends_on", {}).items()
            if how["condition"] == "service_completed_successfully"
        }
        for name in names:
            for state in self._states(name, deadline):
                if name in completing:
                    if self._has_completed(name, state):
                        break
                    continue
                if state["status"] == "running" and state["health"] in (
                    None,
                    "healthy",
                ):
                    break
                self._fail_if_lost(name, state, "")
                if state["status"] == "exited":
                    code = state["exit_code"]
                    raise ComposeError(f"container {self._title(name)} exited ({code})")

    def wait_for_dependencies(self, service: str) -> None:
        """Wait until what a service depends on is as it has to be."""
        for name, how in self.services[service].get("depends_on", {}).items():
            if name not in self.services:
                continue
            prefix = "dependency failed to start: "
            for state in self._states(name, None):
                if how["condition"] == "service_started":
                    break
                if how["condition"] == "service_completed_successfully":
                    if self._has_completed(name, state):
                        break
                    continue
                if state["status"] == "running" and state["health"] is None:
                    raise ComposeError(
                        f"container {self._title(name)} has no healthcheck configured"
                    )
                if state["health"] == "healthy":
                    break
                self._fail_if_lost(name, state, prefix)
                if state["status"] == "exited":
                    raise ComposeError(
                        f"{prefix}container {self._title(name)} exited "
                        f"({state['exit_code']})"
                    )

    def _has_completed(self, name: str, state: dict[str, Any]) -> bool:
        if state["status"] == "exited" and state["exit_code"] != 0:
            code = state["exit_code"]
            raise ComposeError(
                f'service "{name}" didn\'t complete successfully: exit {code}'
            )
        return bool(state["status"] == "exited")

    def _states(self, name: str, deadline: float | None) -> Iterator[dict[str, Any]]:
        while True:
            yield self.container(name).state
            if deadline and time.monotonic() > deadline:
                raise ComposeError(f"application not healthy after the timeout: {name}")
            time.sleep(0.05)

    def _fail_if_lost(self, name: str, state: dict[str, Any], prefix: str) -> None:
        if state["health"] == "unhealthy":
            raise ComposeError(f"{prefix}container {self._title(name)} is unhealthy")

    def _title(self, service: str) -> str:
        return self.container(service).name

    def stop(self, names: Collection[str], seconds: float | None = None) -> None:
        """Stop services, each before those that it depends on."""
        chosen = [n for n in self.chosen(names) if self.container(n).exists]
        for name in reversed(self.in_order(chosen, with_others=False)):
            if self.container(name).is_supervised:
                self.container(name).stop(seconds)
                _say(name, "Stopped")

    def down(self, seconds: float | None, volumes: bool) -> None:
        """Stop and remove the containers, and the named volumes if they shall go."""
        self.stop([], seconds)
        for name in self.chosen([]):
            if self.container(name).exists:
                remove(self.container(name))
        if volumes:
            for name, declared in self.application["volumes"].items():
                if not declared.get("external") and not declared.get("driver_opts"):
                    place = named_volume(self.state, self.name, name, self.application)
                    shutil.rmtree(place, ignore_errors=True)

    def remove_orphans(self) -> None:
        """Remove containers of services that the files do not have, and those of `run`."""
        for container in self.containers():
            if container.settings["service"] not in self.services:
                container.stop()
                remove(container)


def _say(service: str, what: str) -> None:
    print(f" Container {service}  {what}", file=sys.stderr)
