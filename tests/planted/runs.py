"""Runs of failures, each a process with secrets of its own and a folder for what it leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from tests.fakes.aws import Aws
from tests.planted.alerts import TAG
from tests.planted.failure import BASE, Failure
from tests.planted.failures import FAILURES, NUMBERS
from tests.planted.preparations import PREPARATIONS, REGIONS, prepare_aws
from tests.planted.servers import Server
from tests.planted.values import secrets_of
from tests.repository.tree import ROOT
from tests.servers.ports import free_port
from tests.servers.python import python

SECONDS = 60
WITH_A_VAULT = [each.name for each in FAILURES if each.vault]


@dataclass(frozen=True)
class Run:
    """How a failure ended."""

    failure: Failure
    code: int | None
    """Exit code, None if the process had to be killed."""
    folder: Path
    """All that it left."""

    @property
    def console(self) -> str:
        """Output and errors, in one line."""
        read = ((self.folder / "console" / name).read_text() for name in CONSOLE)
        return " ".join(" ".join(read).split())


CONSOLE = ("stdout", "stderr")


def run(failure: Failure, folder: Path, api: str, aws: Aws | None) -> Run:
    """Run the command to its end, with its secrets planted."""
    number = NUMBERS[failure.name]
    planted = secrets_of(number)
    project, left = folder / "project", folder / "left"
    with ExitStack() as stack:
        server = stack.enter_context(failure.server()) if failure.server else None
        values: dict[str, Any] = planted | _values(failure, server, api, aws, project)
        prepare = PREPARATIONS[failure.needs]
        values |= stack.enter_context(prepare(folder / "clone", api, planted))
        project = values["project"]
        _write(project, _filled(failure.files, values))
        if failure.vault and aws:
            vault = _filled(failure.vault, values)
            prepare_aws(aws, values["region"], failure.needs, vault)
        settings = _filled(BASE | failure.settings, values)
        environment = _environment(failure, settings, project, left)
        command = _command(failure, values)
        cwd, console = values["cwd"], left / "console"
        with _started(command, cwd, environment, console) as process:
            if failure.signal and server:
                server.asked.wait(SECONDS)
                process.send_signal(failure.signal)
            code = _wait(process)
    return Run(failure, code, left)


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _values(
    failure: Failure, server: Server | None, api: str, aws: Aws | None, project: Path
) -> dict[str, object]:
    closed = free_port()
    port = server.port if server else closed
    return {
        "server": f"http://127.0.0.1:{port}",
        "port": port,
        "closed": closed,
        "api": api,
        "api_port": api.removesuffix("/api").rpartition(":")[2],
        "aws_url": aws.url if aws else "http://127.0.0.1:9",
        "region": (
            REGIONS[WITH_A_VAULT.index(failure.name)] if failure.vault else REGIONS[0]
        ),
        "project": project,
        "cwd": ROOT,
    }


def _filled(texts: dict[str, str], values: dict[str, Any]) -> dict[str, str]:
    return {name: text.format_map(values) for name, text in texts.items()}


def _write(project: Path, files: dict[str, str]) -> None:
    (project / ".dlt").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / ".dlt" / "config.toml", project / ".dlt")
    for name, text in files.items():
        (project / name).write_text(text)


def _environment(
    failure: Failure, settings: dict[str, str], project: Path, left: Path
) -> dict[str, str]:
    """Return an environment in which all that is written is written into one folder."""
    folders = {
        "DLT_LOCAL_DIR": left / "data",
        "PIPELINES_DIR": left / "pipelines",
        "DLT_DATA_DIR": left / "dlt",
        "PREFECT_HOME": left / "prefect",
        "HOME": left / "home",
        "TMPDIR": left / "tmp",
    }
    for folder in folders.values():
        folder.mkdir(parents=True)
    environment = os.environ | {name: str(path) for name, path in folders.items()}
    environment |= {
        "DLT_PROJECT_DIR": str(project),
        "PYTHONPATH": str(ROOT),
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        "AWS_MAX_ATTEMPTS": "1",
        # of these there are alerts
        "PLANTED_TAGS": TAG if failure.quick else "",
    }
    if failure.bug:
        environment["PLANTED_BUG"] = failure.bug
        environment["PLANTED_SECRET"] = "SOURCES__HUBSPOT__ACCESS_TOKEN"
    environment |= settings
    return {name: value for name, value in environment.items() if value != ""}


def _command(failure: Failure, values: dict[str, Any]) -> list[str]:
    words = [word.format_map(values) for word in failure.command.split()]
    if words[0].startswith("flows.") and "--help" not in words:
        words.insert(0, "tests.planted.child")
    return [python(), *(["-P"] if values["cwd"] != ROOT else []), "-m", *words]


@contextmanager
def _started(
    command: list[str], cwd: Path, environment: dict[str, str], console: Path
) -> Iterator[subprocess.Popen[bytes]]:
    console.mkdir()
    with ExitStack() as files:
        output, errors = (files.enter_context((console / n).open("w")) for n in CONSOLE)
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=output, stderr=errors
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
