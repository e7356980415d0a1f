"""Reads prefect.yaml strictly: Prefect itself ignores keys that it does not know.

All faults are reported at once, each with its line: those of the file itself by
`read_prefect_file`, those against the flows and the work pools by `PrefectFile.check`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Collection, Iterable, Iterator, TypeVar

from pydantic import BaseModel, ValidationError

from infrastructure.release.prefect_file.deployment import DeclaredDeployment, TopLevel
from infrastructure.release.prefect_file.located_yaml import (
    Fault,
    NotYaml,
    line_of,
    read_yaml,
)
from infrastructure.release.prefect_file.messages import fault_message
from infrastructure.release.prefect_file.rules import (
    Problem,
    check_against,
    contradictions,
)
from utils.errors import ClearError

if TYPE_CHECKING:
    from infrastructure.release.code import Code


Model = TypeVar("Model", bound=BaseModel)


class PrefectFileError(ClearError):
    """Faults of prefect.yaml. The message has a line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        # A fault in an anchor is found at each use of the anchor.
        lines = (f"prefect.yaml:{line}: {text}" for line, text in sorted(set(faults)))
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class PrefectFile:
    """The deployments of a valid prefect.yaml."""

    deployments: tuple[DeclaredDeployment, ...]
    located: list[Any] = field(repr=False)

    @property
    def production(self) -> tuple[DeclaredDeployment, ...]:
        """The deployments that a release brings to production."""
        return tuple(each for each in self.deployments if each.in_production)

    def line_of(self, deployment: DeclaredDeployment, *path: str | int) -> int:
        """Return the line of a deployment, or of a value at a path in it."""
        return line_of(self.located, (self.deployments.index(deployment), *path))

    def check(self, flows: Code, pools: Collection[str]) -> None:
        """Check the deployments against the code of their flows and the work pools.

        Args:
            flows: Flows of the same commit.
            pools: Names of the work pools that exist.

        Raises:
            PrefectFileError: A flow, a pool or a parameter does not exist, or two
                deployments have one name.
        """
        problems = [*self._duplicates(flows)]
        for index, deployment in enumerate(self.deployments):
            found = check_against(deployment, flows, pools)
            problems += [each.below(index) for each in found]
        _raise(problems, self.located)

    def _duplicates(self, flows: Code) -> Iterator[Problem]:
        first: dict[str, int] = {}
        for index, deployment in enumerate(self.deployments):
            if flow := flows.flows.get(deployment.entrypoint):
                name = f"{flow.name}/{deployment.name}"
                earlier = first.setdefault(name, index)
                if earlier != index:
                    line = line_of(self.located, (earlier,))
                    text = f"{name} is declared twice, first in line {line}."
                    yield Problem((index,), f"{text} Give it another name.")


def read_prefect_file(text: str) -> PrefectFile:
    """Read the text of a prefect.yaml.

    Raises:
        PrefectFileError: The file is invalid for a release.
    """
    try:
        data, faults = read_yaml(text)
    except NotYaml as error:
        raise PrefectFileError([error.fault]) from error
    _, problems = _validate(TopLevel, data)
    items = data.get("deployments") if isinstance(data, dict) else None
    items = items if isinstance(items, list) else []
    deployments: list[DeclaredDeployment] = []
    for index, item in enumerate(items):
        deployment, found = _validate(DeclaredDeployment, item)
        if deployment:
            deployments.append(deployment)
            found = [*contradictions(deployment)]
        problems += [each.below("deployments", index) for each in found]
    _raise(problems, data, faults)
    return PrefectFile(tuple(deployments), items)


def _validate(model: type[Model], data: Any) -> tuple[Model | None, list[Problem]]:
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, [
            Problem(each["loc"], fault_message(each, model)) for each in error.errors()
        ]


def _raise(problems: list[Problem], data: Any, faults: Iterable[Fault] = ()) -> None:
    found = [Fault(line_of(data, path), text) for path, text in problems]
    if found := [*faults, *found]:
        raise PrefectFileError(found)
