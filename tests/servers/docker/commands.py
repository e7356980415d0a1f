"""Commands of `docker compose`, each of a project and a command line."""

from __future__ import annotations

import signal
import sys
from typing import Any, Callable, Sequence

from tests.servers.docker.creation import remove
from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.options import read
from tests.servers.docker.project import Project
from tests.servers.docker.running import exec_, run
from tests.servers.docker.showing import config, logs, ps
from tests.servers.docker.table import build_image, image_of


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
    if options.get("--build"):
        _build(project, names)
    anew, dependencies = options.get("--force-recreate", False), not options.get(
        "--no-deps"
    )
    started = project.up(names, dependencies, anew, _seconds(options))
    if options.get("--remove-orphans"):
        project.remove_orphans()
    if options.get("--wait"):
        limit = options.get("--wait-timeout")
        project.wait_for(started, float(limit) if limit else None)
    return 0


def start(project: Project, words: Sequence[str]) -> int:
    options, names = read(words, {}, "docker compose start")
    for service in project.in_order(project.chosen(names)):
        container = project.container(service)
        if not container.exists:
            raise ComposeError(f'service "{service}" has no container to start')
        project.wait_for_dependencies(service)
        if not container.is_supervised:
            project.start(container)
    return 0


def stop(project: Project, words: Sequence[str]) -> int:
    options, names = read(words, {"--timeout -t": str}, "docker compose stop")
    project.stop(names, _seconds(options))
    return 0


def restart(project: Project, words: Sequence[str]) -> int:
    known = {"--timeout -t": str, "--no-deps": bool}
    options, names = read(words, known, "docker compose restart")
    chosen = [n for n in project.chosen(names) if project.container(n).exists]
    project.stop(chosen, _seconds(options))
    for service in project.in_order(chosen, with_others=False):
        project.start(project.container(service))
    return 0


def down(project: Project, words: Sequence[str]) -> int:
    known = {"--timeout -t": str, "--volumes -v": bool, "--remove-orphans": bool}
    options, names = read(words, known, "docker compose down")
    if names:
        raise NotPlayed("docker compose down of some services")
    project.down(_seconds(options), options.get("--volumes", False))
    if options.get("--remove-orphans"):
        project.remove_orphans()
    return 0


def rm(project: Project, words: Sequence[str]) -> int:
    known = {"--stop -s": bool, "--force -f": bool, "--volumes -v": bool}
    options, names = read(words, known, "docker compose rm")
    if not options.get("--force"):
        raise NotPlayed("docker compose rm without --force")
    if options.get("--stop"):
        project.stop(names, None)
    for service in project.chosen(names):
        container = project.container(service)
        if container.exists and not container.is_supervised:
            remove(container)
    return 0


def kill(project: Project, words: Sequence[str]) -> int:
    options, names = read(words, {"--signal -s": str}, "docker compose kill")
    name = options.get("--signal", "KILL").upper().removeprefix("SIG")
    number = int(name) if name.isdigit() else int(signal.Signals[f"SIG{name}"])
    for service in project.chosen(names):
        container = project.container(service)
        if container.exists and container.is_running:
            container.kill(number)
        elif names:
            raise ComposeError(f"container {container.name} is not running")
    return 0


def build(project: Project, words: Sequence[str]) -> int:
    _, names = read(words, {"--quiet -q": bool, "--pull": bool}, "docker compose build")
    _build(project, names)
    return 0


def pull(project: Project, words: Sequence[str]) -> int:
    """Accept what is in the table of images, because nothing else can come."""
    known = {"--quiet -q": bool, "--ignore-buildable": bool}
    _, names = read(words, known, "docker compose pull")
    for service in project.chosen(names):
        if "build" not in project.services[service]:
            image_of(project.services[service])
    return 0


def _build(project: Project, names: Sequence[str]) -> None:
    for service in project.chosen(names):
        if "build" in project.services[service]:
            build_image(project.services[service])
            print(f" {service}  Built", file=sys.stderr)


def _seconds(options: dict[str, Any]) -> float | None:
    return float(options["--timeout"]) if "--timeout" in options else None


COMMANDS: dict[str, Callable[[Project, Sequence[str]], int]] = {
    **{"up": up, "start": start, "stop": stop, "restart": restart, "down": down},
    **{"kill": kill, "exec": exec_, "run": run, "ps": ps, "logs": logs},
    **{"rm": rm, "config": config, "build": build, "pull": pull},
}
