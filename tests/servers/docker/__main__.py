"""The command `docker compose`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any, Sequence

from tests.servers.docker import commands, kernel, network
from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.files import load
from tests.servers.docker.interpolation import read_env_file
from tests.servers.docker.options import read
from tests.servers.docker.project import Project

FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OPTIONS: dict[str, type] = {
    **{"--file -f": list, "--project-name -p": str, "--project-directory": str},
    **{"--env-file": list, "--profile": list, "--ansi": str, "--progress": str},
}
SPACES = ("net", "mnt")
# Variables of Compose's own that are understood here.
OWN = ("COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES")


def main(words: Sequence[str]) -> int:
    """Run a command line, and return its exit code."""
    os.umask(0o022)  # as Docker's daemon has it, whatever its client has
    try:
        if not words or words[0] != "compose":
            raise NotPlayed(f"docker {' '.join(words[:1])}: only `docker compose` is")
        options, rest = read(words[1:], OPTIONS, "docker compose", stop=True)
        if not rest:
            raise NotPlayed("docker compose without a command")
        if rest[0] not in commands.COMMANDS:
            raise NotPlayed(f"docker compose {rest[0]}: this command is not played")
        _enter_network()
        project = _project(options)
        if wrong := network.what_is_wrong():
            raise NotPlayed(wrong)
        return commands.COMMANDS[rest[0]](project, rest[1:])
    except ComposeError as error:
        print(error, file=sys.stderr)
        return 1
    except NotPlayed as error:
        print(f"fake docker: {error}", file=sys.stderr)
        return 125


def _enter_network() -> None:
    """Enter the network and the mounts that a process holds, if one is named."""
    if holder := os.environ.get("FAKE_DOCKER_NETWORK"):
        folder = os.getcwd()
        for space in [os.open(f"/proc/{holder}/ns/{n}", os.O_RDONLY) for n in SPACES]:
            kernel.enter(space)
            os.close(space)
        os.chdir(folder)


def _project(options: dict[str, Any]) -> Project:
    named = options.get("--file") or _from_environment()
    folder = Path(options.get("--project-directory") or Path(named[0]).parent).resolve()
    variables = {**_env(options.get("--env-file"), folder), **os.environ}
    for name in variables:
        if name.startswith("COMPOSE_") and name not in OWN:
            raise NotPlayed(f"the variable {name} is not played")
    files = [Path(name).resolve() for name in named]
    application = load(files, folder, variables)
    name = (
        options.get("--project-name")
        or variables.get("COMPOSE_PROJECT_NAME")
        or application.get("name")
        or re.sub(r"[^-_a-z0-9]", "", folder.name.lower()).lstrip("-_")
    )
    if not re.fullmatch("[a-z0-9][-_a-z0-9]*", name):
        raise ComposeError(f"invalid project name {name!r}")
    profiles = [
        *options.get("--profile", []),
        *filter(None, variables.get("COMPOSE_PROFILES", "").split(",")),
    ]
    state = Path(os.environ["FAKE_DOCKER_STATE"])
    state.mkdir(parents=True, exist_ok=True)
    return Project(name, application, state, profiles)


def _from_environment() -> list[str]:
    if named := os.environ.get("COMPOSE_FILE"):
        return named.split(":")
    for name in FILES:
        if Path(name).exists():
            override = Path(name.replace(".y", ".override.y"))
            return [name, *([str(override)] if override.exists() else [])]
    raise ComposeError("no configuration file provided: not found")


def _env(named: list[str] | None, folder: Path) -> dict[str, str]:
    files = [Path(name) for name in named or []]
    if not named and (folder / ".env").exists():
        files = [folder / ".env"]
    found: dict[str, str | None] = {}
    for file in files:
        found |= read_env_file(file, {**_set(found), **os.environ})
    return _set(found)


def _set(variables: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value is not None}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
