"""Model of prefect.yaml: each key that a release supports, and its type."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from prefect.client.schemas.schedules import CronSchedule
from prefect.types import Name
from prefect.utilities.importtools import import_object
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_core import to_jsonable_python

from utils.errors import nearest, sentence

IMAGE = "{{ $IMAGE }}"
"""The placeholder in production's deployments for the image of a commit."""
TAG = "production"
"""The tag of the deployments that a release manages."""


def _check_step(step: dict[str, Any]) -> dict[str, Any]:
    """Check that a step names a function and arguments that it takes."""
    name, inputs = next(iter(step.items()), ("", None))
    if len(step) != 1 or not isinstance(inputs, dict):
        raise ValueError("A step is one function, with its inputs indented below it.")
    given = {key: None for key in inputs if key not in ("id", "requires")}
    try:
        signature = inspect.signature(import_object(name))
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"There is no step `{name}`: {sentence(error)} Correct its name."
        ) from error
    try:
        signature.bind_partial(
            **given
        )  # Reports misspelt arguments before missing ones.
        signature.bind(**given)
    except TypeError as error:
        takes = ", ".join(signature.parameters)
        raise ValueError(
            f"The step `{name}`: {sentence(error)} It takes {takes}."
        ) from error
    return step


def _json(value: Any) -> Any:
    """Return a value as JSON has it. `prefect deploy` makes strings of dates, too."""
    found = to_jsonable_python(value)
    try:
        json.dumps(found, allow_nan=False)
    except ValueError:
        raise ValueError(
            "Prefect sends JSON, which has neither infinity nor NaN. Write another number."
        ) from None
    return found


Json = Annotated[dict[str, Any], AfterValidator(_json)]
Step = Annotated[Json, AfterValidator(_check_step)]


class StrictModel(BaseModel):
    """Base of the models: rejects unknown keys, and converts no value's type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Schedule(StrictModel):
    """Times at which a deployment runs by itself."""

    cron: str = Field(description="minute, hour, day, month and weekday")
    # Prefect's default is UTC, with which the hour moves in summer.
    timezone: str = Field(description="a name such as Europe/Berlin or UTC")
    active: bool = True
    parameters: Json = {}
    slug: str | None = None
    day_or: bool | None = None

    @field_validator("cron")
    @classmethod
    def _check_cron(cls, cron: str) -> str:
        otherwise = f"Write {cls.model_fields['cron'].description}."
        if len(cron.split()) != 5:  # croniter accepts seconds and `@daily`, too.
            raise ValueError(f"`{cron}` does not have five fields. {otherwise}")
        try:
            CronSchedule(cron=cron)
        except ValidationError as error:
            why = sentence(error.errors()[0]["ctx"]["error"])
            raise ValueError(f"{why} {otherwise}") from error
        return cron

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str) -> str:
        if timezone not in (names := available_timezones()):
            otherwise = f"Write {cls.model_fields['timezone'].description}."
            raise ValueError(
                f"There is no time zone `{timezone}`."
                f" {nearest(timezone, names, otherwise)}"
            )
        return timezone


class ConcurrencyLimit(StrictModel):
    """Limit of a deployment's runs at a time."""

    limit: int = Field(ge=1, description="the number of runs at a time")
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = Field(
        description="ENQUEUE, further runs wait, or CANCEL_NEW, they are dropped"
    )
    grace_period_seconds: int | None = Field(None, ge=60, le=86400)


class WorkPool(StrictModel):
    """Work pool of a deployment's runs, and their job variables."""

    name: str = Field(description="the name of a work pool")
    work_queue_name: str | None = None
    job_variables: Json = {}


class DeclaredDeployment(StrictModel):
    """A deployment as prefect.yaml declares it."""

    model_config = ConfigDict(title="deployment")

    name: Name = Field(description="a string without any of / % & < >")
    # With a file path Prefect would put flows/ first on sys.path.
    entrypoint: str = Field(
        pattern=r"^\w+(\.\w+)+$",
        description="a module and its function, such as flows.products.products",
    )
    description: str = Field(
        min_length=1, description="a sentence that says what it does"
    )
    tags: list[str] = Field(description="a list with `dev` or `production` in it")
    work_pool: WorkPool = Field(description="a mapping with the `name` of a work pool")
    parameters: Json = {}
    schedules: list[Schedule] = []
    concurrency_limit: ConcurrencyLimit | None = None
    # Without these keys `prefect deploy` asks for steps, or invents them.
    build: list[Step] = Field(description="a list of steps, [] for none")
    pull: list[Step] = Field(description="a list of steps, [] for none")
    enforce_parameter_schema: bool = True

    @property
    def in_production(self) -> bool:
        """True if a release brings the deployment to production."""
        return TAG in self.tags

    def with_image(self, image: str) -> DeclaredDeployment:
        """Return the deployment with an image, as `prefect deploy` fills in IMAGE."""
        # Prefect's own apply_values only takes variables of this process's environment.
        filled = self.model_dump_json().replace(IMAGE, image)
        return DeclaredDeployment.model_validate_json(filled)


class TopLevel(StrictModel):
    """The keys at the top level of prefect.yaml."""

    model_config = ConfigDict(title="file")

    name: str | None = None
    prefect_version: str | None = Field(None, alias="prefect-version")
    definitions: Any = None  # Of anchors.
    deployments: list[Any] = Field(description="a list of deployments")
