"""prefect.yaml, strictly: Prefect itself ignores keys that it does not know.

All faults are told at once, each with its line: those of the file itself when it is read,
those that show beside the flows and the work pools in `PrefectFile.check`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Collection, Iterable, Iterator

from pydantic import BaseModel, ValidationError

from infrastructure.release.prefect_file.deployment import Deployment, File
from infrastructure.release.prefect_file.located_yaml import (
    Fault,
    NotYaml,
    line_of,
    read_yaml,
)
from infrastructure.release.prefect_file.plain_words import in_plain_words
from infrastructure.release.prefect_file.rules import Problem, contradictions, not_there
from utils.errors import ClearError

if TYPE_CHECKING:
    from infrastructure.release.code import Code


class PrefectFileError(ClearError):
    """prefect.yaml cannot be released. The message has a line for each fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        # A fault in an anchor is found wherever the anchor is used.
        lines = (f"prefect.yaml:{line}: {text}" for line, text in sorted(set(faults)))
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class PrefectFile:
    """The deployments of a prefect.yaml that is without faults in itself."""

    deployments: tuple[Deployment, ...]
    located: list[Any] = field(repr=False)

    @property
    def production(self) -> tuple[Deployment, ...]:
        return tuple(each for each in self.deployments if each.in_production)

    def line_of(self, deployment: Deployment, *path: str | int) -> int:
        """Where the deployment, or this of it, is written."""
        return line_of(self.located, (self.deployments.index(deployment), *path))

    def check(self, flows: Code, pools: Collection[str]) -> None:
        """Hold it beside the code of its flows and the names of the work pools.

        Raises:
            PrefectFileError: It wants what is not there, or a deployment twice.
        """
        problems = [*self._written_twice(flows)]
        for index, deployment in enumerate(self.deployments):
            found = not_there(deployment, flows, pools)
            problems += [each.below(index) for each in found]
        _raise(problems, self.located)

    def _written_twice(self, flows: Code) -> Iterator[Problem]:
        first: dict[str, int] = {}
        for index, deployment in enumerate(self.deployments):
            if flow := flows.flows.get(deployment.entrypoint):
                name = f"{flow.name}/{deployment.name}"
                earlier = first.setdefault(name, index)
                if earlier != index:
                    line = line_of(self.located, (earlier,))
                    text = f"{name} stands here a second time, first in line {line}."
                    yield Problem((index,), f"{text} Give it another name.")


def read_prefect_file(text: str) -> PrefectFile:
    """Read prefect.yaml.

    Raises:
        PrefectFileError: It is not as a release needs it.
    """
    try:
        data, faults = read_yaml(text)
    except NotYaml as error:
        raise PrefectFileError([error.fault]) from error
    _, problems = _read(File, data)
    items = data.get("deployments") if isinstance(data, dict) else None
    deployments: list[Deployment] = []
    for index, item in enumerate(items if isinstance(items, list) else ()):
        deployment, found = _read(Deployment, item)
        if deployment:
            deployments.append(deployment)
            found = [*contradictions(deployment)]
        problems += [each.below("deployments", index) for each in found]
    _raise(problems, data, faults)
    return PrefectFile(tuple(deployments), items)


def _read(model: type[BaseModel], data: Any) -> tuple[Any, list[Problem]]:
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, [
            Problem(each["loc"], in_plain_words(each, model)) for each in error.errors()
        ]


def _raise(problems: list[Problem], data: Any, faults: Iterable[Fault] = ()) -> None:
    found = [Fault(line_of(data, path), text) for path, text in problems]
    if found := [*faults, *found]:
        raise PrefectFileError(found)
