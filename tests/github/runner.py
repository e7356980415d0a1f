"""Fake of GitHub's runner: reads a job of a workflow, and executes its steps in order.

Commands are run unchanged, by bash, in an empty folder with an empty environment.
Actions are replaced by functions with the same effect (actions.py). Expressions are
limited to those that the workflows use. Anything else is an error.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping

import yaml

from tests.repository.tree import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
MASK = "::add-mask::"
Inputs = Mapping[str, str]


class StepFailed(AssertionError):
    """Error of a step, which ends the job."""


def jobs_of(workflow: str) -> dict[str, dict[str, Any]]:
    """Return a workflow's jobs, as in its file."""
    return _read(workflow)["jobs"]


@dataclass
class Runner:
    """A machine for one job."""

    folder: Path
    machine: dict[str, str]
    """The environment of every step, as the machine has it."""
    github: dict[str, str]
    variables: dict[str, str]
    actions: Mapping[str, Callable[[Runner, Inputs], None]]
    inputs: dict[str, str] = field(default_factory=dict)
    """Inputs of a run by hand."""
    job: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    """What workflow, job and steps have set."""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Outputs of the steps, by the step's id."""
    needs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Outputs of the jobs that this one needs, which have succeeded."""
    masks: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    """Each step that was not skipped: its name, or its action's."""
    log: str = ""

    def run(self, workflow: str, job: str) -> Runner:
        """Execute a job from its first step to its last, unless its condition skips it.

        Raises:
            StepFailed: with all that was printed.
        """
        whole = _read(workflow)
        assert whole["defaults"] == {"run": {"shell": "bash"}}
        self.job = whole["jobs"][job]
        if not self._is_wanted(self.job.get("if")):
            return self
        self.environment = self._values(self.job.get("env", {}))
        for folder in (self.workspace, self.temporary):
            folder.mkdir(parents=True)
        for step in self.job["steps"]:
            if self._is_wanted(step.get("if")):
                self._do(step)
        return self

    @property
    def results(self) -> dict[str, str]:
        """The job's own outputs."""
        return self._values(self.job.get("outputs", {}))

    @property
    def workspace(self) -> Path:
        """Folder of the checked-out commit."""
        return self.folder / "workspace"

    @property
    def temporary(self) -> Path:
        """Folder for files between steps."""
        return self.folder / "temporary"

    @property
    def summary(self) -> str:
        """Summary on the job's page."""
        return (self.folder / "summary").read_text()

    def mask(self, value: str) -> None:
        """Replace a text by stars in all later output."""
        self.masks.add(value)

    def command(self, *command: str, environment: Inputs = {}) -> None:
        """Run a command. Its output goes to the log, except commands to the runner.

        Raises:
            StepFailed: with all that was printed.
        """
        done = subprocess.run(
            command,
            cwd=self.workspace,
            env=self.machine | self.environment | dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in done.stdout.splitlines(keepends=True):
            if line.startswith(MASK):
                self.mask(line.removeprefix(MASK).strip().replace("%25", "%"))
            else:
                self.log += line
        if done.returncode:
            raise StepFailed(f"{command}: {done.returncode}\n{self.log}")

    def _do(self, step: Mapping[str, Any]) -> None:
        name, _, _ = step.get("uses", "").partition("@")
        self.done.append(step.get("name") or name)
        given = self._values(step.get("env", {}))
        if name:
            self.actions[name](self, self._values(step.get("with", {})))
            return
        files = {
            f"GITHUB_{file.upper()}": self.folder / file
            for file in ("env", "output", "path")
        }
        for file in files.values():
            file.write_text("")
        variables = {
            **{name: str(path) for name, path in files.items()},
            "GITHUB_REF": self.github["ref"],
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temporary),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
        }
        self.command(*BASH, "-c", step["run"], environment=given | variables)
        self.environment |= read_variables(files["GITHUB_ENV"])
        for folder in files["GITHUB_PATH"].read_text().splitlines():
            self.machine["PATH"] = f"{folder}:{self.machine['PATH']}"
        if "id" in step:
            self.outputs[step["id"]] = read_variables(files["GITHUB_OUTPUT"])

    def _values(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Return values with evaluated expressions, as strings."""
        return {
            name: re.sub(
                r"\$\{\{ (.*?) \}\}",
                lambda found: self._evaluate(found[1]),
                value if isinstance(value, str) else yaml.safe_dump(value).split()[0],
            )
            for name, value in given.items()
        }

    def _is_wanted(self, condition: str | None) -> bool:
        if condition is None:
            return True
        found = re.fullmatch(r"([\w.]+) == '(\w+)'", condition)
        assert found, f"unknown: {condition}"
        return self._evaluate(found[1]) == found[2]

    def _evaluate(self, expression: str) -> str:
        if chosen := re.fullmatch(r"(.+) == true && '(.*)' \|\| '(.*)'", expression):
            return chosen[2] if self._evaluate(chosen[1]) == "true" else chosen[3]
        if filled := re.fullmatch(r"(.+) != ''", expression):
            return str(self._evaluate(filled[1]) != "").lower()
        context, _, rest = expression.partition(".")
        if context == "steps":
            step, _, output = rest.partition(".outputs.")
            return self.outputs[step][output]
        if context == "needs":
            job, _, output = rest.partition(".outputs.")
            return self.needs[job].get(output, "")
        if expression.startswith("github.event."):
            return self.github.get(rest, "")
        if context == "inputs":
            return self.inputs.get(rest, "")
        if context == "vars":
            return self.variables.get(rest, "")
        return {"env": self.environment, "github": self.github}[context][rest]


def read_variables(file: Path) -> dict[str, str]:
    """Return a step's variables, written in either form that GitHub documents."""
    found, lines = {}, iter(file.read_text().splitlines())
    for line in lines:
        if several := re.fullmatch(r"(\w+)<<(.+)", line):
            name, end = several.groups()
            found[name] = "\n".join(iter(lambda: next(lines), end))
        else:
            name, equals, found_value = line.partition("=")
            assert equals, line
            found[name] = found_value
    return found


def _read(workflow: str) -> dict[str, Any]:
    return yaml.safe_load((WORKFLOWS / f"{workflow}.yaml").read_text())
