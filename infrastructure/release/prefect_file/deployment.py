"""Deployments as prefect.yaml has them: each key that a release knows, and its type."""

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
"""What a deployment in production writes for the image of its commit."""
TAG = "production"
"""Deployments that have it are those of a release."""


def _runnable(step: dict[str, Any]) -> dict[str, Any]:
    name, inputs = next(iter(step.items()), ("", None))
    if len(step) != 1 or not isinstance(inputs, dict):
        raise ValueError("A step is one function, with its inputs indented below it.")
    given = {key: None for key in inputs if key not in ("id", "requires")}
    try:
        signature = inspect.signature(import_object(name))
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"There is no step `{name}`: {sentence(error)} Mend its name."
        ) from error
    try:
        signature.bind_partial(**given)  # what is misspelt before what is missing
        signature.bind(**given)
    except TypeError as error:
        takes = ", ".join(signature.parameters)
        raise ValueError(
            f"The step `{name}`: {sentence(error)} It takes {takes}."
        ) from error
    return step


def _json(value: Any) -> Any:
    found = to_jsonable_python(value)  # `prefect deploy` makes texts of dates, too
    try:
        json.dumps(found, allow_nan=False)
    except ValueError:
        raise ValueError(
            "JSON, and so Prefect, has no infinity and no NaN. Write another number."
        ) from None
    return found


Json = Annotated[dict[str, Any], AfterValidator(_json)]
Step = Annotated[Json, AfterValidator(_runnable)]


class Strict(BaseModel):
    """Refuses unknown keys and takes no value for another type's."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Schedule(Strict):
    """When a deployment runs by itself."""

    cron: str = Field(description="minute, hour, day, month and weekday")
    # Without it Prefect takes UTC, and the hour moves in summer.
    timezone: str = Field(description="a name such as Europe/Berlin or UTC")
    active: bool = True
    parameters: Json = {}
    slug: str | None = None
    day_or: bool | None = None

    @field_validator("cron")
    @classmethod
    def _prefect_takes_it(cls, cron: str) -> str:
        otherwise = f"Write {cls.model_fields['cron'].description}."
        if len(cron.split()) != 5:  # croniter takes seconds, too, and `@daily`
            raise ValueError(f"`{cron}` has not these five fields. {otherwise}")
        try:
            CronSchedule(cron=cron)
        except ValidationError as error:
            why = sentence(error.errors()[0]["ctx"]["error"])
            raise ValueError(f"{why} {otherwise}") from error
        return cron

    @field_validator("timezone")
    @classmethod
    def _it_exists(cls, timezone: str) -> str:
        if timezone not in (names := available_timezones()):
            otherwise = f"Write {cls.model_fields['timezone'].description}."
            raise ValueError(
                f"There is no time zone `{timezone}`."
                f" {nearest(timezone, names, otherwise)}"
            )
        return timezone


class ConcurrencyLimit(Strict):
    """How many runs of a deployment there may be at a time."""

    limit: int = Field(ge=1, description="the number of runs at a time")
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = Field(
        description="ENQUEUE, further runs wait, or CANCEL_NEW, they are dropped"
    )
    grace_period_seconds: int | None = Field(None, ge=60, le=86400)


class WorkPool(Strict):
    """Where a deployment's runs wait for a worker, and what they get."""

    name: str = Field(description="the name of a work pool")
    work_queue_name: str | None = None
    job_variables: Json = {}


class Deployment(Strict):
    """A flow with all that its runs need."""

    name: Name = Field(description="a text without any of / % & < >")
    # With a file's path Prefect puts flows/ ahead on sys.path.
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
    # Without these keys `prefect deploy` asks, or thinks of steps itself.
    build: list[Step] = Field(description="a list of steps, [] for none")
    pull: list[Step] = Field(description="a list of steps, [] for none")
    enforce_parameter_schema: bool = True

    @property
    def in_production(self) -> bool:
        return TAG in self.tags

    def with_image(self, image: str) -> Deployment:
        """As `prefect deploy` makes it where IMAGE is this."""
        # Prefect's own apply_values takes variables from this process's environment alone.
        filled = self.model_dump_json().replace(IMAGE, image)
        return Deployment.model_validate_json(filled)


class File(Strict):
    """The top level."""

    name: str | None = None
    prefect_version: str | None = Field(None, alias="prefect-version")
    definitions: Any = None  # where anchors are
    deployments: list[Any] = Field(description="a list of deployments")
