"""What has to go together in a deployment, and with the code and the work pools."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Collection, Iterator, NamedTuple

from prefect.utilities.schema_tools import validate

from infrastructure.release.prefect_file.deployment import IMAGE, Deployment
from utils.errors import nearest, sentence

if TYPE_CHECKING:
    from infrastructure.release.code import Code, FlowCode

Path = tuple[str | int, ...]
POOL = ("work_pool", "name")
IMAGE_OF = ("work_pool", "job_variables", "image")


class Problem(NamedTuple):
    """Something to mend, at this place of the data."""

    path: Path
    text: str

    def below(self, *parents: str | int) -> Problem:
        return Problem((*parents, *self.path), self.text)


def contradictions(deployment: Deployment) -> Iterator[Problem]:
    """What does not go together in the deployment itself."""
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
        yield from _not_for_production(deployment)
    slugs = [schedule.slug for schedule in deployment.schedules]
    for index, slug in enumerate(slugs):
        if slug and slug in slugs[:index]:
            text = f"Another schedule of this deployment has the slug `{slug}`, too."
            yield Problem(("schedules", index, "slug"), f"{text} Write another one.")


def _not_for_production(deployment: Deployment) -> Iterator[Problem]:
    if deployment.build:
        text = "A deployment in production builds nothing. Write `build: []`."
        yield Problem(("build",), text)
    if deployment.work_pool.job_variables.get("image") != IMAGE:
        text = "All of production has the image of its commit."
        yield Problem(IMAGE_OF, f'{text} Write `image: "{IMAGE}"` in `job_variables`.')
    for path, text in _texts(deployment.model_dump()):
        if path == IMAGE_OF:
            continue
        if path[-1] == "__prefect_kind":
            yield Problem(
                path[:-1],
                "Prefect fills this in once, when the deployment is changed, and not for"
                " each run. Write the value itself.",
            )
        for placeholder in set(re.findall("{{.*?}}", text)) - {IMAGE}:
            yield Problem(
                path,
                f"Nothing but `{IMAGE}` is filled in for production: `{placeholder}` may"
                " become an empty text. Write the value itself.",
            )


def _texts(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, (dict, list)):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _texts(value, (*path, key))


def not_there(
    deployment: Deployment, flows: Code, pools: Collection[str]
) -> Iterator[Problem]:
    """What the deployment names, and nobody has."""
    pool, entrypoint = deployment.work_pool.name, deployment.entrypoint
    # Of `dev`, which is brought nowhere, the name is known.
    if deployment.in_production and pool not in pools:
        yield Problem(POOL, f"There is no work pool `{pool}`. {nearest(pool, pools)}")
    if flow := flows.flows.get(entrypoint):
        if deployment.enforce_parameter_schema:
            yield from _refused_parameters(deployment, flow)
        return
    why = sentence(flows.errors[entrypoint])
    text = f"The flow `{entrypoint}` cannot be loaded: {why}"
    # It may be spelt right, and its code be broken.
    if alike := get_close_matches(entrypoint, flows.flows, n=1, cutoff=0.9):
        text += f" Did you mean `{alike[0]}`?"
    yield Problem(("entrypoint",), text)


def _refused_parameters(deployment: Deployment, flow: FlowCode) -> Iterator[Problem]:
    names = flow.parameter_schema.get("properties", {})
    schedules = [(("schedules", i), s) for i, s in enumerate(deployment.schedules)]
    for parents, owner in [((), deployment), *schedules]:
        path = (*parents, "parameters")
        for name in owner.parameters:
            if name not in names:
                text = f"The flow {flow.name} has no parameter `{name}`."
                yield Problem((*path, name), f"{text} {nearest(name, names)}")
        # Whoever starts a run gives what is required. A schedule has to have it.
        for error in validate(
            deployment.parameters | owner.parameters,
            flow.parameter_schema,
            ignore_required=owner is deployment,
        ):
            at = tuple(error.absolute_path)
            if at and at[0] not in owner.parameters:
                continue  # the deployment's own, told before
            what = f"`{at[0]}`" if at else "the parameters of this schedule"
            why = ", ".join(each.message for each in error.context or [error])
            yield Problem(
                (*path, *at), f"The flow {flow.name} refuses {what}: {sentence(why)}"
            )
