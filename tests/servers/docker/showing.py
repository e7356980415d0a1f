"""Commands of `docker compose` that show something."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Sequence

import yaml

from tests.servers.docker.errors import NotPlayed
from tests.servers.docker.options import read
from tests.servers.docker.project import Project


def ps(project: Project, words: Sequence[str]) -> int:
    known = {"--all -a": bool, "--format": str, "--quiet -q": bool, "--services": bool}
    options, names = read(words, known, "docker compose ps")
    form = options.get("--format", "table")
    fields = re.findall(r"{{\.(\w+)}}", form)
    if form not in ("table", "json") and not fields:
        raise NotPlayed(f"docker compose ps --format {form}")
    if form == "table" and not (options.get("--quiet") or options.get("--services")):
        print(f"{'NAME':30} {'SERVICE':15} STATUS")
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
                "Status": _status(state),
                **{"Health": state["health"] or "", "ExitCode": state["exit_code"]},
                "Project": settings["project"],
            }
            line = form
            for field in fields:
                line = line.replace(f"{{{{.{field}}}}}", str(told[field]))
            print(line if fields else json.dumps(told))
        else:
            print(f"{settings['name']:30} {settings['service']:15} {_status(state)}")
    return 0


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


def _status(state: dict[str, Any]) -> str:
    """Return a container's state in Docker's words, without times."""
    if state["status"] == "running":
        return "Up" + (f" ({state['health']})" if state["health"] else "")
    code = f" ({state['exit_code']})"
    return state["status"].capitalize() + ("" if state["status"] == "created" else code)
