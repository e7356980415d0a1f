"""Commands of `docker compose` that run a command in a container."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from typing import Any, Sequence

from tests.servers.docker.creation import remove
from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.options import read
from tests.servers.docker.project import Project
from tests.servers.docker.streams import join
from tests.servers.docker.supervisor import supervise


def exec_(project: Project, words: Sequence[str]) -> int:
    known = {
        **{"-T --no-tty --no-TTY": bool, "--env -e": list, "--user -u": str},
        **{"--workdir -w": str, "--interactive -i": bool},
    }
    options, rest = read(words, known, "docker compose exec", stop=True)
    _no_terminal(options)
    service, command = _service_and_command(project, rest)
    container = project.container(service)
    if not command:
        raise ComposeError("docker compose exec needs a command")
    if not container.exists or not container.is_running:
        raise ComposeError(f'service "{service}" is not running')
    settings = container.settings
    changes: dict[str, Any] = {
        "environment": settings["process"]["environment"] | _env(options)
    }
    if "--user" in options:
        changes["user"] = options["--user"]
    if "--workdir" in options:
        changes["folder"] = options["--workdir"]
    return join(settings, container.state["pid"], command, changes)


def run(project: Project, words: Sequence[str]) -> int:
    known = {
        **{"-T --no-tty --no-TTY": bool, "--env -e": list, "--user -u": str},
        **{"--workdir -w": str, "--interactive -i": bool, "--rm": bool},
        **{"--no-deps": bool, "--entrypoint": str, "--volume -v": list},
        **{"--quiet-pull": bool, "--quiet -q": bool},
    }
    options, rest = read(words, known, "docker compose run", stop=True)
    _no_terminal(options)
    if not options.get("--rm"):
        raise NotPlayed("docker compose run without --rm")
    if options.get("--volume"):
        raise NotPlayed("docker compose run --volume")
    service, command = _service_and_command(project, rest)
    settings = project.services[service]
    if not options.get("--no-deps") and settings.get("depends_on"):
        project.up(list(settings["depends_on"]))
        project.wait_for_dependencies(service)
    changes: dict[str, Any] = {"environment": settings["environment"] | _env(options)}
    if command:
        changes["command"] = command
    if "--entrypoint" in options:
        changes["entrypoint"] = shlex.split(options["--entrypoint"])
        changes["command"] = command
    for option, key in (("--user", "user"), ("--workdir", "working_dir")):
        if option in options:
            changes[key] = options[option]
    name = f"{project.name}-{service}-run-{secrets.token_hex(6)}"
    container = project.create(service, project.folder / name, **changes)
    try:
        state = supervise(container, attached=True)
        if state["error"]:
            raise ComposeError(f"Error response from daemon: {state['error']}")
        return state["exit_code"]
    finally:
        remove(container)


def _env(options: dict[str, Any]) -> dict[str, str]:
    done = {}
    for each in options.get("--env", []):
        name, found, value = each.partition("=")
        if found:
            done[name] = value
        elif name in os.environ:
            done[name] = os.environ[name]
    return done


def _service_and_command(
    project: Project, rest: Sequence[str]
) -> tuple[str, list[str]]:
    if not rest:
        raise ComposeError("a service is needed")
    project.chosen(rest[:1])
    return rest[0], list(rest[1:])


def _no_terminal(options: dict[str, Any]) -> None:
    if not options.get("-T") and sys.stdout.isatty():
        raise NotPlayed("a terminal: use -T")
