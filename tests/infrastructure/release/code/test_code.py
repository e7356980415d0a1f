"""Flows of a source tree and the files that affect them, read in a separate process."""

from __future__ import annotations

import importlib
import sys
from collections import defaultdict
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.deployments.runner import RunnerDeployment

from infrastructure.release.code import PACKAGES, Code, CodeError, read_code
from tests.repository.tree import ROOT

# A flow loads from a source that two use, and asks queries of files.
TREE = {
    "flows/__init__.py": "from utils import of_all_flows",
    "flows/loads.py": """
        from datetime import date
        from enum import Enum
        from prefect import flow
        import pipelines.loads

        class Size(Enum):
            SMALL = "small"

        print("Imports may print.")

        @flow(name="a flow's own name")
        def loads(*, day: date = date(2026, 1, 31), size: Size = Size.SMALL) -> None:
            '''Loads a day.

            Args:
                day: Which one.
            '''
        """,
    "flows/asks.py": """
        from typing import TYPE_CHECKING
        from prefect import flow
        if TYPE_CHECKING:
            import pipelines.loads

        @flow
        def asks() -> None:
            from pipelines import asks
            import utils.gone

        @flow(name="asks again")
        def again() -> None: ...
        no_flow = 1
        """,
    "flows/alone.py": """
        "A word about /loads.json/ and redshift/queries/."
        import code
        from prefect import flow
        assert code.interact, "Python's own, not infrastructure/release/code.py"
        KEY = "usage"
        @flow
        def alone() -> None:
            from utils import gone_too
        """,
    "flows/syntax.py": "import utils.falls",
    "flows/library.py": "import no_such_library",
    "flows/exits.py": "raise SystemExit('Not today')",
    "pipelines/__init__.py": "",
    "pipelines/loads.py": "import dlt\nfrom sources.shared import rows",
    "pipelines/asks.py": """
        from sources import shared
        from sources.files import reader
        from sources.vendor import api
        """,
    "sources/__init__.py": "",
    "sources/shared.py": "from .low import rows",
    "sources/low.py": "rows = 1",
    "sources/files/__init__.py": "",
    "sources/files/reader.py": "QUERIES = 'queries'\nNAME = f'{QUERIES}/names/x.sql'",
    "sources/files/queries/usage/a.sql": "",
    "sources/unused.py": "",
    "sources/vendor/api.py": "from utils.for_vendor import rows",
    "sources/__about__/notes.txt": "",
    "utils/__init__.py": "",
    "utils/of_all_flows.py": "",
    "utils/for_vendor.py": "rows = 1",
    "utils/falls.py": "\n\nfrom utils.of_all_flows import nothing",
}
GOOD = ("flows.loads.loads", "flows.asks.asks", "flows.asks:again", "flows.alone.alone")
BAD = {
    "flows.nobody.nobody": "there is no flows/nobody.py",
    "nowhere.at_all.nobody": "there is no nowhere/at_all.py",
    "flows.asks.nobody": "flows/asks.py has no nobody",
    "flows.asks.no_flow": "no_flow in flows/asks.py is not a flow: decorate it with @flow",
    "flows.syntax.syntax": "it cannot be imported: ImportError: cannot import name"
    " 'nothing' from 'utils.of_all_flows' (utils/of_all_flows.py) (utils/falls.py, line 3)",
    "flows.library.library": "it cannot be imported: ModuleNotFoundError: No module named"
    " 'no_such_library' (flows/library.py, line 1)",
    "flows.exits.exits": "it cannot be imported: SystemExit: Not today (flows/exits.py,"
    " line 1)",
    "flows/asks.py:asks": "it is not a module and a flow in it, like"
    " flows.hello_world.hello_world",
    "asks": "it is not a module and a flow in it, like flows.hello_world.hello_world",
}
LOADS, ASKS, AGAIN, ALONE = "a flow's own name", "asks", "asks again", "alone"
ALL = {LOADS, ASKS, AGAIN, ALONE}


def write(tree: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(dedent(text))
    return tree


@pytest.fixture(scope="module")
def code(tmp_path_factory) -> Code:
    tree = write(tmp_path_factory.mktemp("tree"), TREE)
    return read_code(tree, [*GOOD, *BAD, *GOOD])


def test_flows_are_those_of_the_tree(code):
    assert set(code.flows) == set(GOOD)
    flow = code.flows["flows.loads.loads"]
    assert (flow.name, flow.description) == (
        LOADS,
        "Loads a day.\n\nArgs:\n    day: Which one.",
    )
    day, size = (flow.parameter_schema["properties"][name] for name in ("day", "size"))
    assert (day["format"], day["default"]) == ("date", "2026-01-31")
    assert (day["description"], size["default"]) == ("Which one.", "small")
    assert "flows.loads" not in sys.modules


@pytest.mark.parametrize("entrypoint", BAD)
def test_a_flow_that_cannot_be_loaded_has_a_reason(code, entrypoint):
    assert code.errors[entrypoint] == BAD[entrypoint]
    assert entrypoint not in code.flows


def test_only_flows_that_cannot_be_loaded_are_errors(code):
    assert set(code.errors) == set(BAD)


def test_modules_are_a_flows_direct_and_indirect_imports(code):
    reached = {"flows", "flows.loads", "pipelines", "pipelines.loads", "sources"}
    reached |= {"sources.shared", "sources.low", "utils", "utils.of_all_flows"}
    reached |= {"dlt", "prefect", "datetime", "enum"}
    assert code.flows["flows.loads.loads"].modules == reached


@pytest.mark.parametrize(
    "path, flows",
    [
        ("flows/loads.py", {LOADS}),
        ("flows/asks.py", {ASKS, AGAIN}),
        ("pipelines/loads.py", {LOADS}),  # not whom it is a type alone
        ("pipelines/asks.py", {ASKS, AGAIN}),
        ("sources/shared.py", {LOADS, ASKS, AGAIN}),
        ("sources/low.py", {LOADS, ASKS, AGAIN}),
        ("utils/of_all_flows.py", ALL),
        # __init__ of the packages above, too
        ("flows/__init__.py", ALL),
        ("sources/__init__.py", {LOADS, ASKS, AGAIN}),
        ("sources/files/__init__.py", {ASKS, AGAIN}),
        # a folder without __init__, and what it imports
        ("sources/vendor/api.py", {ASKS, AGAIN}),
        ("utils/for_vendor.py", {ASKS, AGAIN}),
        # new and not imported; deleted and not imported
        ("sources/unused.py", set()),
        ("sources/once.py", set()),
        # deleted and still imported
        ("utils/gone.py", {ASKS, AGAIN}),
        ("utils/gone_too.py", {ALONE}),
        ("utils/gone_too/__init__.py", {ALONE}),
        # data belongs to the modules around it
        ("sources/files/queries/usage/a.sql", {ASKS, AGAIN}),
        ("sources/x.sql", {LOADS, ASKS, AGAIN}),
        ("sources/usage/a.sql", {LOADS, ASKS, AGAIN}),
        ("sources/files/other.txt", {ASKS, AGAIN}),
        ("flows/loads.json", ALL),
        (".dlt/config.toml", {LOADS}),
        ("uv.lock", ALL),
        ("pyproject.toml", ALL),
        ("Dockerfile", ALL),
        (".dockerignore", ALL),
        # what else somebody lets into the image
        ("dbt/models/orders.sql", ALL),
        ("models/orders.py", ALL),
    ],
)
def test_a_changed_file_affects_flows(code, path, flows):
    assert code.changed([path]) == {flow: (path,) for flow in flows}


def test_many_changed_files(code):
    assert code.changed([]) == {}
    paths = ["sources/low.py", "flows/asks.py"]
    assert code.changed(paths) == {
        LOADS: ("sources/low.py",),
        ASKS: ("flows/asks.py", "sources/low.py"),
        AGAIN: ("flows/asks.py", "sources/low.py"),
    }


def test_a_file_that_is_not_python_is_named(tmp_path):
    tree = write(tmp_path, TREE | {"utils/falls.py": "\ndef"})
    with pytest.raises(CodeError, match=r"cannot be read: .* utils/falls.py"):
        read_code(tree, GOOD)


def test_a_tree_without_code(tmp_path):
    assert read_code(tmp_path, ["flows.a.a"]).errors == {
        "flows.a.a": "there is no flows/a.py"
    }


@pytest.fixture(scope="module")
def our_code() -> Code:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return read_code(ROOT, [each["entrypoint"] for each in deployments])


def test_modules_have_all_imports_of_this_repositorys_flows(our_code):
    """Imports inside of functions are tested on TREE."""
    for entrypoint, flow in our_code.flows.items():
        imported = imported_by(importlib.import_module(entrypoint.rpartition(".")[0]))
        assert imported > {".".join(entrypoint.split(".")[:2])}
        assert imported <= flow.modules


def imported_by(module: ModuleType, known: frozenset[str] = frozenset()) -> set[str]:
    """Return a module and our modules whose objects it has, directly or indirectly."""
    found = {module.__name__, *known}
    for value in vars(module).values():
        if isinstance(value, ModuleType):
            if value.__name__.startswith(f"{module.__name__}."):
                continue  # A submodule, which any other module may have imported.
        name = getattr(value, "__module__", None) or getattr(value, "__name__", None)
        if isinstance(name, str) and name.startswith(PACKAGES) and name not in found:
            found |= imported_by(sys.modules[name], frozenset(found))
    return found


def test_a_flow_of_this_repository_reaches_no_other_one(our_code):
    flows_of: defaultdict[str, set[str]] = defaultdict(set)
    for entrypoint, flow in our_code.flows.items():
        flows_of["/".join(entrypoint.split(".")[:2]) + ".py"].add(flow.name)
    for path, flows in flows_of.items():
        assert set(our_code.changed([path])) == flows


def test_a_pipeline_of_this_repository_reaches_the_flows_that_import_it(our_code):
    flows = {
        flow.name: (ROOT / "flows" / f"{entrypoint.split('.')[1]}.py").read_text()
        for entrypoint, flow in our_code.flows.items()
    }
    for path in (ROOT / "pipelines").glob("[!_]*.py"):
        importing = {
            name
            for name, code in flows.items()
            if f"from pipelines.{path.stem} import" in code
        }
        assert set(our_code.changed([f"pipelines/{path.name}"])) == importing


def test_prefect_deploy_sends_the_same_description_and_schema(our_code, prefect_api):
    assert our_code.flows and our_code.errors == {}
    for entrypoint, flow in our_code.flows.items():
        deployment = RunnerDeployment.from_entrypoint(entrypoint, "as prefect deploys")
        with get_client(sync_client=True) as client:
            on_the_server = client.read_deployment(deployment.apply())
            client.delete_deployment(on_the_server.id)
        assert on_the_server.parameter_openapi_schema == flow.parameter_schema
        assert on_the_server.description == flow.description
        assert deployment.flow_name == flow.name
