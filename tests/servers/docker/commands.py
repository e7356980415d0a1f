"""Commands of `docker compose`, each of a project and a command line."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import sys
from typing import Any, Callable, Sequence

import yaml

from tests.servers.docker.creation import remove
from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.options import read
from tests.servers.docker.project import Project
from tests.servers.docker.streams import join
from tests.servers.docker.supervisor import supervise


def up(project: Project, words: Sequence[str]) -> int:
    known: dict[str, type] = {
        **{"--detach -d": bool, "--wait": bool, "--wait-timeout": str},
        **{"--no-deps": bool, "--force-recreate": bool, "--remove-orphans": bool},
        **{"--pull": str, "--quiet-pull": bool, "--no-build": bool, "--build": bool},
        "--timeout -t": str,
    }
    options, names = read(words, known, "docker compose up")
    if not options.get("--detach") and not options.get("--wait"):
        raise NotPlayed("docker compose up without --detach or --wait")
    started = project.up(
        names, not options.get("--no-deps"), options.get("--force-recreate", False)
    )
    if options.get("--remove-orphans"):
        for container in project.containers():
            if container.settings["service"] not in project.services:
                container.stop()
                remove(container)
    if options.get("--wait"):
        limit = options.get("--wait-timeout")
        project.wait_for(started, float(limit) if limit else None)
    return 0


def stop(project: Project, words: Sequence[str]) -> int:
    options, names = read(words, {"--timeout -t": str}, "docker compose stop")
    project.chosen(names)
    project.stop(names, _seconds(options))
    return 0


def down(project: Project, words: Sequence[str]) -> int:
    known = {"--timeout -t": str, "--volumes -v": bool, "--remove-orphans": bool}
    options, names = read(words, known, "docker compose down")
    if names:
        raise NotPlayed("docker compose down of some services")
    project.down(_seconds(options), options.get("--volumes", False))
    return 0


def rm(project: Project, words: Sequence[str]) -> int:
    known = {"--stop -s": bool, "--force -f": bool, "--volumes -v": bool}
    options, names = read(words, known, "docker compose rm")
    if not options.get("--force"):
        raise NotPlayed("docker compose rm without --force")
    for service in project.chosen(names):
        container = project.container(service)
        if container.exists:
            if options.get("--stop"):
                container.stop()
            if not container.is_running:
                remove(container)
    return 0


def kill(project: Project, words: Sequence[str]) -> int:
    options, names = read(words, {"--signal -s": str}, "docker compose kill")
    name = options.get("--signal", "KILL").upper().removeprefix("SIG")
    number = int(name) if name.isdigit() else int(signal.Signals[f"SIG{name}"])
    for service in project.chosen(names):
        if project.container(service).is_running:
            project.container(service).kill(number)
        elif names:
            raise ComposeError(
                f"container {project.container(service).name} is not running"
            )
    return 0


def ps(project: Project, words: Sequence[str]) -> int:
    known = {"--all -a": bool, "--format": str, "--quiet -q": bool, "--services": bool}
    options, names = read(words, known, "docker compose ps")
    form = options.get("--format", "table")
    fields = re.findall(r"{{\.(\w+)}}", form)
    if form not in ("table", "json") and not fields:
        raise NotPlayed(f"docker compose ps --format {form}")
    for container in project.containers():
        settings, state = container.settings, container.state
        if names and settings["service"] not in names:
            continue
        if state["status"] not in ("running", "restarting") and not options.get(
            "--all"
        ):
            continue
        if options.get("--quiet"):
            print(settings["id"])
        elif options.get("--services"):
            print(settings["service"])
        elif form == "json" or fields:
            told = {
                **{"ID": settings["id"][:12], "Name": settings["name"]},
                **{"Service": settings["service"], "State": state["status"]},
                **{"Health": state["health"] or "", "ExitCode": state["exit_code"]},
                "Project": settings["project"],
            }
            line = form
            for field in fields:
                line = line.replace(f"{{{{.{field}}}}}", str(told[field]))
            print(line if fields else json.dumps(told))
        else:
            health = f" ({state['health']})" if state["health"] else ""
            print(
                f"{settings['name']}\t{settings['service']}\t{state['status']}{health}"
            )
    return 0


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
        changes["entrypoint"] = options["--entrypoint"].split()
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


def logs(project: Project, words: Sequence[str]) -> int:
    known = {"--no-color": bool, "--no-log-prefix": bool, "--tail -n": str}
    options, names = read(words, known, "docker compose logs")
    for service in project.chosen(names):
        container = project.container(service)
        lines = (
            container.log.read_bytes().splitlines(True)
            if container.log.exists()
            else []
        )
        if options.get("--tail", "all") != "all":
            lines = lines[-int(options["--tail"]) :]
        prefix = b"" if options.get("--no-log-prefix") else f"{service}-1  | ".encode()
        sys.stdout.buffer.writelines(prefix + line for line in lines)
    return 0


def config(project: Project, words: Sequence[str]) -> int:
    known = {
        **{"--quiet -q": bool, "--services": bool, "--volumes": bool},
        **{"--images": bool, "--format": str, "--profiles": bool},
    }
    options, names = read(words, known, "docker compose config")
    project.in_order(project.chosen(names))
    chosen = {name: project.services[name] for name in project.chosen(names)}
    if options.get("--quiet"):
        return 0
    if options.get("--services"):
        print("\n".join(chosen))
    elif options.get("--volumes"):
        print("\n".join(project.application["volumes"]))
    elif options.get("--images"):
        print(
            "\n".join(
                each.get("image", f"{project.name}-{n}") for n, each in chosen.items()
            )
        )
    else:
        told = {**project.application, "name": project.name, "services": chosen}
        as_json = options.get("--format") == "json"
        print(json.dumps(told, indent=2) if as_json else yaml.safe_dump(told), end="")
    return 0


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


def _seconds(options: dict[str, Any]) -> float | None:
    return float(options["--timeout"]) if "--timeout" in options else None


COMMANDS: dict[str, Callable[[Project, Sequence[str]], int]] = {
    **{"up": up, "stop": stop, "down": down, "kill": kill, "ps": ps, "exec": exec_},
    **{"run": run, "rm": rm, "logs": logs, "config": config},
}
