"""A repository on GitHub, and the machines on which jobs of its workflows run."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.cloud.cloud import Cloud
from tests.github.actions import Actions, install
from tests.github.runner import Runner, jobs_of
from tests.repository.tree import copy_repository, environment_of_a_newcomer

MAIN = "refs/heads/main"


@dataclass
class GitHub:
    """A repository with its variables, and the jobs that a test has run."""

    folder: Path
    cloud: Cloud | None = None
    variables: dict[str, str] = field(default_factory=dict)
    """The repository's variables."""
    jobs: list[Runner] = field(default_factory=list)
    machines: int = 0

    @property
    def origin(self) -> Path:
        return self.folder / "origin"

    def git(self, *words: str) -> str:
        command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *words]
        return subprocess.run(
            command, cwd=self.origin, check=True, capture_output=True, text=True
        ).stdout.strip()

    def change(self, path: str, old: str, new: str) -> None:
        """Change a file without a commit."""
        text = (self.origin / path).read_text()
        assert old in text
        (self.origin / path).write_text(text.replace(old, new, 1))

    def commit(self, message: str) -> str:
        """Commit all changes, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def run(self, workflow: str, job: str, **event: str) -> Runner:
        """Run a job of a workflow on the newest commit, after the job that decides on it.

        Args:
            workflow: Workflow's name.
            job: Job's name.
            event: Further values of the context `github`, by default of a push to main.
        """
        needed = jobs_of(workflow)[job].get("needs", [])
        needs = {
            each: self._machine(event).run(workflow, each).results
            for each in ([needed] if isinstance(needed, str) else needed)
            if each != "tests"
        }
        runner = self._machine(event)
        runner.needs = needs
        self.jobs.append(runner)
        return runner.run(workflow, job)

    def _machine(self, event: dict[str, str]) -> Runner:
        folder = self.folder / f"job{self.machines}"
        self.machines += 1
        programs = folder / "bin"
        folder.mkdir()
        install(programs)
        machine = environment_of_a_newcomer(folder / "home") | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }
        if self.cloud:
            machine["AWS_ENDPOINT_URL"] = self.cloud.url
        return Runner(
            folder=folder,
            machine=machine,
            github={"sha": self.git("rev-parse", "HEAD"), "ref": MAIN} | event,
            variables=self.variables,
            actions=Actions(self.origin, self.cloud),
        )


def new_repository(folder: Path) -> GitHub:
    """Return this repository with all its changes as one commit on main."""
    github = GitHub(folder)
    copy_repository(github.origin)
    github.git("init", "-q", "--initial-branch=main")
    github.commit("The first one")
    return github
