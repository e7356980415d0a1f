"""Holds job variables beside the work pool's template, before anything is touched.

Prefect itself ignores those that the template does not know, and looks at the others as it
brings one deployment after the other.
"""

from __future__ import annotations

from typing import Any, Iterator

from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.utilities.schema_tools import validate

from blocks.ecs_pool import production_pool
from infrastructure.release.content import Content
from infrastructure.release.prefect_file import PrefectFileError
from infrastructure.release.prefect_file.located_yaml import Fault
from infrastructure.release.stack import PlatformStack
from infrastructure.release.stack.template import read_template
from utils.aws.stack import Stack
from utils.errors import ClearError, nearest, sentence

# As good as any: which one it is, does not matter to a work pool.
SOME_IMAGE = "repository:commit"
PATH = ("work_pool", "job_variables")


def check_job_variables(
    content: Content,
    client: SyncPrefectClient,
    stack: PlatformStack,
    pool_needed: bool,
) -> None:
    """Refuse what production's work pool does not know, or not so.

    Args:
        content: of the commit.
        client: of Prefect's server.
        stack: whose work pool it is.
        pool_needed: The pool has to be there. Otherwise it may be as `python -m blocks
            apply` of this code is still to make it.

    Raises:
        PrefectFileError: with each fault's line.
        ClearError: There is no such pool.
    """
    faults: list[Fault] | None = None
    try:
        pool = client.read_work_pool(stack.work_pool)
        faults = list(_faults(content, stack.work_pool, pool.base_job_template))
    except ObjectNotFound as error:
        if pool_needed:
            raise ClearError(
                f"There is no work pool {stack.work_pool} on Prefect's server. Nothing was"
                " changed. Make it by `python -m blocks apply`."
            ) from error
    if faults != [] and not pool_needed:
        check_planned_job_variables(content, stack)
    elif faults:
        raise PrefectFileError(faults)


def check_planned_job_variables(content: Content, stack: PlatformStack) -> None:
    """Refuse what the work pool would not know that `python -m blocks apply` makes.

    Raises:
        PrefectFileError: with each fault's line.
    """
    # Names and types alone matter, whatever the stack of this template has as outputs.
    outputs = dict.fromkeys(read_template(content.template)["Outputs"], "output")
    given = PlatformStack.made_from(stack.name, content.template, SOME_IMAGE).parameters
    outputs |= {name: value for name, value in given.items() if value}
    planned = production_pool(Stack(stack.name, "", "planned", outputs))
    faults = list(_faults(content, stack.work_pool, planned.base_job_template))
    if faults:
        raise PrefectFileError(faults)


def _faults(
    content: Content, pool: str, base_job_template: dict[str, Any]
) -> Iterator[Fault]:
    template = base_job_template["variables"]
    known = template["properties"]
    for each in content.file.production:
        given = each.with_image(SOME_IMAGE).work_pool.job_variables
        for name in given.keys() - known.keys():
            line = content.file.line_of(each, *PATH, name)
            text = f"The work pool {pool} has no job variable `{name}`."
            yield Fault(line, f"{text} {nearest(name, known)}")
        for error in validate(given, template, ignore_required=True):
            line = content.file.line_of(each, *PATH, *error.absolute_path)
            yield Fault(
                line, f"The work pool {pool} refuses: {sentence(error.message)}"
            )
