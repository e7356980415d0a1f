"""Script that writes the flows of the current directory and their imports to a file.

`read_code` runs it in a separate process, in which flows, pipelines, sources and utils are
those of that directory. It imports nothing else of this project.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import re
import sys
import traceback
from pathlib import Path
from typing import Any, Iterator

import grimp
from prefect import Flow
from prefect.exceptions import MissingFlowError
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema


class CannotBeLoaded(Exception):
    """A flow that cannot be loaded. The message is the reason, in one sentence."""


def read(packages: list[str], entrypoints: list[str]) -> dict[str, Any]:
    """Return what `read_code` makes a `Code` of."""
    modules = Modules(Path.cwd(), packages)
    flows: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for entrypoint in entrypoints:
        try:
            flows[entrypoint] = modules.flow(entrypoint)
        except CannotBeLoaded as error:
            errors[entrypoint] = str(error)
    return {"flows": flows, "errors": errors}


class Modules:
    """Modules of a source tree, and their imports."""

    def __init__(self, tree: Path, packages: list[str]) -> None:
        self.tree = tree
        self.packages = [name for name in packages if (tree / name).is_dir()]
        self.imported: dict[str, set[str]] = {}
        if not self.packages:
            return
        graph = grimp.build_graph(
            *self.packages,
            include_external_packages=True,
            exclude_type_checking_imports=True,
            cache_dir=None,
        )
        waiting = set(graph.modules)
        while waiting:
            module = waiting.pop()
            if file := self.file_of(module):
                nodes = list(ast.walk(ast.parse((tree / file).read_bytes())))
                # grimp skips folders without __init__.py.
                known = graph.modules if module in graph.modules else set()
                self.imported[module] = set(self._missing(nodes, file, known))
                if known:
                    found = graph.find_modules_directly_imported_by(module)
                    self.imported[module] |= found
                waiting |= self.imported[module] - self.imported.keys()

    def file_of(self, module: str) -> str | None:
        """Return the path of a module's file in the tree, with slashes as in git."""
        path = module.replace(".", "/")
        files = (f"{path}.py", f"{path}/__init__.py")
        return next((file for file in files if (self.tree / file).is_file()), None)

    def flow(self, entrypoint: str) -> dict[str, Any]:
        """Return a flow as Prefect describes it to its API, and the modules that it uses.

        Raises:
            CannotBeLoaded: There is no such flow, or it cannot be imported.
        """
        if not re.fullmatch(r"(\w+\.){2,}\w+|(\w+\.)+\w+:\w+", entrypoint):
            raise CannotBeLoaded(
                "it is not a module and a flow in it, like flows.hello_world.hello_world"
            )
        module, _, function = entrypoint.replace(":", ".").rpartition(".")
        self._import(module)
        file = self.file_of(module) or module
        try:
            # A placeholder flow would hide that an import is missing.
            flow: Flow[..., Any] = load_flow_from_entrypoint(
                entrypoint, use_placeholder_flow=False
            )
        except MissingFlowError as error:
            if error.__cause__:
                raise CannotBeLoaded(f"{file} has no {function}") from None
            raise CannotBeLoaded(
                f"{function} in {file} is not a flow: decorate it with @flow"
            ) from None
        return {
            "name": flow.name,
            "description": flow.description,
            # As prefect.deployments.runner sends it.
            "parameter_schema": parameter_schema(flow).model_dump(
                mode="json", exclude_unset=True
            ),
            "modules": sorted(self._imported_from(module)),
        }

    def _import(self, module: str) -> None:
        try:
            importlib.import_module(module)
        except (Exception, SystemExit) as error:
            name = error.name if isinstance(error, ModuleNotFoundError) else None
            if f"{module}.".startswith(f"{name}."):
                message = f"there is no {module.replace('.', '/')}.py"
            else:
                message = f"it cannot be imported: {self._one_line(error)}"
            raise CannotBeLoaded(message) from None

    def _one_line(self, error: BaseException) -> str:
        """Return the error's message and the innermost line of the tree that raised it."""
        message = traceback.format_exception_only(error)[-1]
        message = " ".join(message.replace(f"{self.tree}/", "").split()).rstrip(".")
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).is_relative_to(self.tree):
                place = Path(frame.filename).relative_to(self.tree)
                return f"{message} ({place}, line {frame.lineno})"
        return message

    def _missing(
        self, nodes: list[ast.AST], file: str, known: set[str]
    ) -> Iterator[str]:
        """Yield imported modules of this project that grimp does not know.

        For grimp `from utils import gone` and `import utils.gone` are imports of `utils`.
        """
        package = file.rpartition("/")[0].replace("/", ".")
        for node in nodes:
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                origin = "." * node.level + (node.module or "")
                origin = importlib.util.resolve_name(origin, package)
                names = [origin, *(f"{origin}.{each.name}" for each in node.names)]
            else:
                continue
            for name in names:
                is_ours = name.partition(".")[0] in self.packages
                holder = self.file_of(name.rpartition(".")[0])
                if is_ours and name not in known:
                    # Names imported from a module file are not modules.
                    if not holder or holder.endswith("/__init__.py"):
                        yield name

    def _imported_from(self, module: str) -> set[str]:
        """Return the module and all its direct and indirect imports."""
        reached: set[str] = set()
        waiting = {module}
        while waiting:
            reached.add(each := waiting.pop())
            # A package's __init__ runs before each of its modules.
            parents = {each.rpartition(".")[0]} - {""}
            waiting |= (self.imported.get(each, set()) | parents) - reached
        return reached


if __name__ == "__main__":
    result = read(**json.load(sys.stdin))
    Path(sys.argv[1]).write_text(json.dumps(result))
