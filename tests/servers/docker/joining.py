"""Processes that join a running container: those of `exec`, and health checks."""

from __future__ import annotations

import json
from typing import Any

from tests.servers.docker.containers import PYTHON, environment_of_python

JOIN = (*PYTHON, "tests.servers.docker.inside", "more")


def process_in(
    settings: dict[str, Any], pid: int, command: list[str], **changes: Any
) -> dict[str, str]:
    """Return the environment of a process that joins a running container."""
    told = {**settings["process"], "pid": pid, "command": command, "init": False}
    told |= {"dies_with_caller": False, **changes}
    return {**environment_of_python(), "PROCESS": json.dumps(told)}
