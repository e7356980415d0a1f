"""Flows of a source tree, and which of them a changed file affects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Collection, Iterable, Mapping

from utils.errors import ClearError, sentence

SCRIPT = Path(__file__).with_name("read_tree.py")
PACKAGES = ("flows", "pipelines", "sources", "utils")
# They decide which libraries and which files the image has.
FILES_OF_EVERY_FLOW = ("uv.lock", "pyproject.toml", "Dockerfile", ".dockerignore")


class CodeError(ClearError):
    """Code of a commit that cannot be read."""


@dataclass(frozen=True)
class FlowCode:
    """A flow as Prefect's API describes it, and the modules that it uses."""

    name: str
    description: str | None
    parameter_schema: dict[str, Any]
    modules: frozenset[str]
    """Modules that importing or running the flow can import. Libraries: top-level names."""


@dataclass(frozen=True)
class Code:
    """The flows of a source tree."""

    flows: Mapping[str, FlowCode]
    """Flows by entrypoint."""
    errors: Mapping[str, str]
    """Reasons why flows cannot be loaded, by entrypoint."""

    def changed(self, paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the flows that changed files affect, each with those files.

        Args:
            paths: Changed files of the image.

        Returns:
            Sorted paths by the flow's name.
        """
        found: dict[str, set[str]] = {}
        for path in paths:
            for flow in self._affected_by(path):
                found.setdefault(flow.name, set()).add(path)
        return {flow: tuple(sorted(found[flow])) for flow in sorted(found)}

    def _affected_by(self, path: str) -> Iterable[FlowCode]:
        flows = self.flows.values()
        package = path.partition("/")[0]
        if path in FILES_OF_EVERY_FLOW:
            return flows
        if path == ".dlt/config.toml":
            readers = {"dlt"}
        elif package not in PACKAGES:
            return flows
        elif path.endswith(".py"):
            module = path.removesuffix(".py").removesuffix("/__init__")
            readers = {module.replace("/", ".")}
        else:
            return self._around(path)
        return [flow for flow in flows if flow.modules & readers]

    def _around(self, path: str) -> Iterable[FlowCode]:
        """Return the flows with a module in the innermost folder around a data file.

        Folders of no flow's modules do not count: a module reads what lies beside or below.
        """
        for folder in PurePosixPath(path).parents[:-1]:
            inside = f"{str(folder).replace('/', '.')}."
            if found := [
                flow
                for flow in self.flows.values()
                if any(module.startswith(inside) for module in flow.modules)
            ]:
                return found
        return self.flows.values()


def read_code(tree: Path, entrypoints: Iterable[str]) -> Code:
    """Import the flows of a source tree in a separate process.

    Args:
        tree: Folder with the packages of the project.
        entrypoints: Flows to import, each as a module and a function.

    Raises:
        CodeError: The tree has a file that is not Python.
    """
    read = _run_script(tree, sorted(set(entrypoints)))
    flows = {
        entrypoint: FlowCode(**(flow | {"modules": frozenset(flow["modules"])}))
        for entrypoint, flow in read["flows"].items()
    }
    return Code(flows, read["errors"])


def _run_script(tree: Path, entrypoints: list[str]) -> dict[str, Any]:
    arguments = {"packages": PACKAGES, "entrypoints": entrypoints}
    with TemporaryDirectory(prefix="release-") as folder:
        result = Path(folder) / "code.json"
        done = subprocess.run(
            # -P: modules beside the script must not shadow Python's own.
            [sys.executable, "-P", str(SCRIPT), str(result)],
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(tree)},
            input=json.dumps(arguments),
            capture_output=True,
            text=True,
        )
        if done.returncode == 0:
            # A file, because modules that the script imports may print.
            return json.loads(result.read_text())
    lines = [f"exit code {done.returncode}", *done.stderr.split("\n")]
    last = [line for line in lines if line.strip()][-1]
    raise CodeError(
        f"The flows of this commit cannot be read: {sentence(last.replace(f'{tree}/', ''))}"
        " Nothing was changed. Fix it and commit the fix."
    )
