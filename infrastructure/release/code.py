"""The flows of a tree, and which of them a changed file reaches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Collection, Iterable, Mapping

from utils.errors import ClearError, sentence

SCRIPT = Path(__file__).with_name("read_code_of_tree.py")
PACKAGES = ("flows", "pipelines", "sources", "utils")
# They decide with which libraries, and around which files, the image is built.
OF_THE_WHOLE_IMAGE = ("uv.lock", "pyproject.toml", "Dockerfile", ".dockerignore")


class CodeError(ClearError):
    """The code of a commit cannot be read."""


@dataclass(frozen=True)
class FlowCode:
    """A flow as Prefect's API is told it, and what it is made of."""

    name: str
    description: str | None
    parameter_schema: dict[str, Any]
    modules: frozenset[str]
    """All that importing the flow and running it can import, libraries by their top name."""


@dataclass(frozen=True)
class Code:
    """What a tree has for some entrypoints."""

    flows: Mapping[str, FlowCode]
    """By entrypoint."""
    errors: Mapping[str, str]
    """Why it cannot be loaded, by entrypoint."""
    named: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By module, the names in its literals that files and folders may have."""

    def changed(self, paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """By name, the flows that changed files of the image reach, with these files."""
        found: dict[str, set[str]] = {}
        for path in paths:
            for flow in self._reached_by(path):
                found.setdefault(flow.name, set()).add(path)
        return {flow: tuple(sorted(found[flow])) for flow in sorted(found)}

    def _reached_by(self, path: str) -> Iterable[FlowCode]:
        flows = self.flows.values()
        package, _, inside = path.partition("/")
        if path in OF_THE_WHOLE_IMAGE:
            return flows
        if path == ".dlt/config.toml":
            readers = {"dlt"}
        elif package not in PACKAGES:
            return flows
        elif path.endswith(".py"):
            module = path.removesuffix(".py").removesuffix("/__init__")
            readers = {module.replace("/", ".")}
        elif not (readers := self._readers_of_data(package, inside.split("/"))):
            return flows
        return [flow for flow in flows if flow.modules & readers]

    def _readers_of_data(self, package: str, names: list[str]) -> set[str]:
        """The modules that name a file, or a folder that it lies in.

        The outermost that is named counts: `usage` in `redshift_queries` is named by whom
        reads that folder, and by others that mean something else.
        """
        while f"{package}.{names[0]}" in self.named:
            package = f"{package}.{names.pop(0)}"
        for name in names:
            if readers := {each for each, said in self.named.items() if name in said}:
                return readers
        return set()


def read_code(tree: Path, entrypoints: Iterable[str]) -> Code:
    """Import the flows of a tree in a process of its own.

    Raises:
        CodeError: The tree has a file that is not Python.
    """
    read = _run_script(tree, sorted(set(entrypoints)))
    flows = {
        entrypoint: FlowCode(**(flow | {"modules": frozenset(flow["modules"])}))
        for entrypoint, flow in read["flows"].items()
    }
    return Code(flows, read["errors"], read["named"])


def _run_script(tree: Path, entrypoints: list[str]) -> dict[str, Any]:
    asked = {"packages": PACKAGES, "entrypoints": entrypoints}
    with TemporaryDirectory(prefix="release-") as folder:
        result = Path(folder) / "code.json"
        done = subprocess.run(
            # -P: without it the modules beside the script shadow Python's own.
            [sys.executable, "-P", str(SCRIPT), str(result)],
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(tree)},
            input=json.dumps(asked),
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            # Not what it prints: so may each module that it imports.
            return json.loads(result.read_text())
    said = [f"exit code {done.returncode}", *done.stderr.split("\n")]
    last = [line for line in said if line.strip()][-1]
    raise CodeError(
        f"The flows of this commit cannot be read: {sentence(last.replace(f'{tree}/', ''))}"
        " Nothing was changed. Mend it and commit that."
    )
