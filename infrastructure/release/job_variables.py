"""Checks job variables against the work pool's template, before anything is changed.

Prefect ignores job variables that the template does not know. It validates the others only
while it creates one deployment after the other.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Iterator, Mapping

from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.utilities.schema_tools import validate

from blocks.ecs_pool import production_pool
from infrastructure.release.content import Content
from infrastructure.release.prefect_file import PrefectFileError
from infrastructure.release.prefect_file.located_yaml import Fault
from infrastructure.release.stack import PlatformStack
from infrastructure.release.stack.template import read_template
from utils.aws.stack import FOUNDATION_TEMPLATE, StackOutputs
from utils.errors import ClearError, nearest, sentence

# Work pools accept any image in this form.
PLACEHOLDER_IMAGE = "repository:commit"
PATH = ("work_pool", "job_variables")
FOUNDATION = Path(__file__).parents[2] / FOUNDATION_TEMPLATE


def check_job_variables(
    content: Content,
    pools: Mapping[str, dict[str, Any]],
    stack: PlatformStack,
    pool_needed: bool,
) -> None:
    """Reject job variables that a deployment's work pool does not accept.

    Args:
        content: Content of the commit to release.
        pools: Templates of the pools that exist, by their names: those of `read_pools`.
        stack: Stack whose worker serves the work pool.
        pool_needed: Whether the pool on the server must accept them. Otherwise it is enough
            that the pool does which `python -m blocks apply` of this code makes.

    Raises:
        PrefectFileError: A job variable is rejected. The message has each fault's line.
        ClearError: The work pool does not exist.
    """
    faults: list[Fault] = []
    for name, template in pools.items():
        found = list(_faults(content, name, template))
        if found and name == stack.work_pool and not pool_needed:
            check_planned_job_variables(content, stack)
        else:
            faults += found
    if faults:
        raise PrefectFileError(faults)
    if stack.work_pool not in pools:
        if pool_needed:
            raise ClearError(
                f"There is no work pool {stack.work_pool} on Prefect's server. Nothing was"
                " changed. Create it with `python -m blocks apply`."
            )
        check_planned_job_variables(content, stack)


def read_pools(
    content: Content, client: SyncPrefectClient
) -> dict[str, dict[str, Any]]:
    """Return the templates of those of a commit's work pools that exist, by their names."""
    found = {}
    for name in {each.work_pool.name for each in content.file.production}:
        with suppress(ObjectNotFound):
            found[name] = client.read_work_pool(name).base_job_template
    return found


def check_planned_job_variables(content: Content, stack: PlatformStack) -> None:
    """Reject job variables that the pool of `python -m blocks apply` would not accept.

    Args:
        content: Content of the commit to release.
        stack: Stack whose worker serves the work pool.

    Raises:
        PrefectFileError: A job variable is rejected. The message has each fault's line.
    """
    outputs = _planned_outputs(content.template)
    given = PlatformStack.made_from(
        stack.name, content.template, PLACEHOLDER_IMAGE
    ).parameters
    outputs |= {name: value for name, value in given.items() if value}
    network = _planned_outputs(FOUNDATION.read_text())
    planned = production_pool(
        StackOutputs(stack.name, "", "planned", outputs),
        StackOutputs(FOUNDATION.stem, "", "planned", network),
    )
    faults = list(_faults(content, stack.work_pool, planned.base_job_template))
    if faults:
        raise PrefectFileError(faults)


def _planned_outputs(template: str) -> dict[str, str]:
    """Return a template's outputs.

    Only names and types matter, so that any text does for an output that AWS makes.
    """
    return {
        name: each["Value"] if isinstance(each["Value"], str) else "output"
        for name, each in read_template(template)["Outputs"].items()
    }


def _faults(
    content: Content, pool: str, base_job_template: dict[str, Any]
) -> Iterator[Fault]:
    template = base_job_template["variables"]
    known = template["properties"]
    for each in content.file.production:
        if each.work_pool.name != pool:
            continue
        given = each.with_image(PLACEHOLDER_IMAGE).work_pool.job_variables
        for name in given.keys() - known.keys():
            line = content.file.line_of(each, *PATH, name)
            text = f"The work pool {pool} has no job variable `{name}`."
            yield Fault(line, f"{text} {nearest(name, known)}")
        for error in validate(given, template, ignore_required=True):
            line = content.file.line_of(each, *PATH, *error.absolute_path)
            yield Fault(
                line, f"The work pool {pool} refuses: {sentence(error.message)}"
            )
