"""Rules for a deployment: its keys together, and with the flows and the work pools."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Collection, Iterator, NamedTuple

from prefect.utilities.schema_tools import validate

from infrastructure.release.prefect_file.deployment import (
    IMAGE,
    DeclaredDeployment,
    Schedule,
)
from infrastructure.release.prefect_file.fargate import task_problems
from utils.errors import nearest, sentence

if TYPE_CHECKING:
    from infrastructure.release.code import Code, FlowCode

Location = tuple[str | int, ...]
"""Keys and indexes that lead to a value in the file's data."""

POOL = ("work_pool", "name")
VARIABLES = ("work_pool", "job_variables")
IMAGE_VARIABLE = (*VARIABLES, "image")


class Problem(NamedTuple):
    """A fault at a location in the data."""

    location: Location
    text: str

    def below(self, *parents: str | int) -> Problem:
        """Return the problem with its location below these keys and indexes."""
        return Problem((*parents, *self.location), self.text)


def contradictions(deployment: DeclaredDeployment) -> Iterator[Problem]:
    """Yield the contradictions between a deployment's own keys."""
    tags = [tag for tag in ("dev", "production") if tag in deployment.tags]
    pool = deployment.work_pool.name
    if len(tags) != 1:
        are = "both `dev` and" if tags else "neither `dev` nor"
        yield Problem(
            ("tags",), f"The tags have {are} `production`. Write one of the two."
        )
    elif ("dev" in tags) != (pool == "dev"):
        yield Problem(
            ("tags",),
            f"The tag is `{tags[0]}`, and the work pool `{pool}`. The tag `dev` and the"
            " pool `dev` go together. Change one.",
        )
    elif deployment.in_production:
        yield from _production_problems(deployment)
    slugs = [schedule.slug for schedule in deployment.schedules]
    for index, slug in enumerate(slugs):
        if slug and slug in slugs[:index]:
            text = f"An earlier schedule of this deployment has the slug `{slug}`."
            yield Problem(("schedules", index, "slug"), f"{text} Write another one.")


def _production_problems(deployment: DeclaredDeployment) -> Iterator[Problem]:
    if deployment.build:
        text = "A deployment in production builds nothing. Write `build: []`."
        yield Problem(("build",), text)
    if deployment.work_pool.job_variables.get("image") != IMAGE:
        text = "Production runs in the image of its commit."
        yield Problem(
            IMAGE_VARIABLE, f'{text} Write `image: "{IMAGE}"` in `job_variables`.'
        )
    for name, text in task_problems(deployment.work_pool.job_variables):
        yield Problem((*VARIABLES, name), text)
    for location, text in _strings(deployment.model_dump()):
        if location == IMAGE_VARIABLE:
            continue
        if location[-1] == "__prefect_kind":
            yield Problem(
                location[:-1],
                "Prefect renders this template once, when the deployment is changed, not"
                " for each run. Write the value itself.",
            )
        for placeholder in set(re.findall("{{.*?}}", text)) - {IMAGE}:
            yield Problem(
                location,
                f"Only `{IMAGE}` is filled in for production: `{placeholder}` may become"
                " an empty string. Write the value itself.",
            )


def _strings(data: Any, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield each string in nested data with its location."""
    if isinstance(data, str):
        yield location, data
    elif isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _strings(value, (*location, key))


def check_against(
    deployment: DeclaredDeployment, flows: Code, pools: Collection[str]
) -> Iterator[Problem]:
    """Yield what a deployment names that the flows and the work pools do not have.

    Args:
        deployment: Deployment of prefect.yaml.
        flows: Flows of the same commit.
        pools: Names of the work pools that exist.
    """
    pool, entrypoint = deployment.work_pool.name, deployment.entrypoint
    # A release leaves `dev` alone. `contradictions` checks the name of its pool.
    if deployment.in_production and pool not in pools:
        yield Problem(POOL, f"There is no work pool `{pool}`. {nearest(pool, pools)}")
    if flow := flows.flows.get(entrypoint):
        if deployment.enforce_parameter_schema:
            yield from _refused_parameters(deployment, flow)
        return
    why = sentence(flows.errors[entrypoint])
    text = f"The flow `{entrypoint}` cannot be loaded: {why}"
    # Its name may be right and its code broken, so that only a very close name is advice.
    if close := get_close_matches(entrypoint, flows.flows, n=1, cutoff=0.9):
        text += f" Did you mean `{close[0]}`?"
    yield Problem(("entrypoint",), text)


def _refused_parameters(
    deployment: DeclaredDeployment, flow: FlowCode
) -> Iterator[Problem]:
    names = flow.parameter_schema.get("properties", {})
    owners: list[tuple[Location, DeclaredDeployment | Schedule]] = [
        ((), deployment),
        *((("schedules", i), each) for i, each in enumerate(deployment.schedules)),
    ]
    for parents, owner in owners:
        location = (*parents, "parameters")
        for name in owner.parameters:
            if name not in names:
                text = f"The flow {flow.name} has no parameter `{name}`."
                yield Problem((*location, name), f"{text} {nearest(name, names)}")
        # A person who starts a run can still give required parameters. A schedule cannot.
        for error in validate(
            deployment.parameters | owner.parameters,
            flow.parameter_schema,
            ignore_required=owner is deployment,
        ):
            at = tuple(error.absolute_path)
            if at and at[0] not in owner.parameters:
                continue  # The deployment's own, reported before.
            subject = f"`{at[0]}`" if at else "the parameters of this schedule"
            why = ", ".join(each.message for each in error.context or [error])
            yield Problem(
                (*location, *at),
                f"The flow {flow.name} refuses {subject}: {sentence(why)}",
            )
