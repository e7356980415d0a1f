"""Deployments as prefect.yaml declares them: their schedules, steps, parameters, image."""

from __future__ import annotations

import os
from typing import Any

import pytest
from prefect.utilities.templating import apply_values
from pydantic import ValidationError

from infrastructure.release.prefect_file.deployment import (
    IMAGE,
    DeclaredDeployment,
    Schedule,
)

STEP = "prefect.deployments.steps.set_working_directory"


def deployment(**fields: Any) -> DeclaredDeployment:
    defaults = {
        "name": "production",
        "entrypoint": "flows.cats.cats",
        "description": "Loads cats.",
        "tags": ["production"],
        "work_pool": {"name": "production"},
        "build": [],
        "pull": [{STEP: {"directory": "/app"}}],
    }
    return DeclaredDeployment.model_validate(defaults | fields)


def schedule(**fields: Any) -> Schedule:
    defaults = {"cron": "0 5 * * *", "timezone": "Europe/Berlin"}
    return Schedule.model_validate(defaults | fields)


def test_the_image_is_filled_in_as_by_prefect_deploy(monkeypatch):
    monkeypatch.setenv("IMAGE", "registry/pets:abc")
    variables = {"image": IMAGE, "env": {"LABEL": f"of {IMAGE}"}}
    declared = deployment(work_pool={"name": "production", "job_variables": variables})

    filled = declared.with_image("registry/pets:abc")

    assert filled.work_pool.job_variables == {
        "image": "registry/pets:abc",
        "env": {"LABEL": "of registry/pets:abc"},
    }
    assert filled.model_dump() == apply_values(
        declared.model_dump(), os.environ, remove_notset=False
    )


@pytest.mark.parametrize("cron", ["0 25 * * *", "0 5 * * * 30", "@daily", ""])
def test_a_schedule_is_a_cron_of_five_fields(cron):
    with pytest.raises(
        ValidationError, match="Write minute, hour, day, month and weekd"
    ):
        schedule(cron=cron)


@pytest.mark.parametrize(
    "timezone, advice",
    [
        ("Europe/Belrin", "Did you mean `Europe/Berlin`"),
        ("Hauptstadt", "Write a name such as Europe/Berlin or UTC"),
    ],
)
def test_a_schedules_time_zone_exists(timezone, advice):
    with pytest.raises(ValidationError, match=f"no time zone `{timezone}`. {advice}"):
        schedule(timezone=timezone)


@pytest.mark.parametrize(
    "step, reason",
    [
        (
            {STEP: {"directroy": "/app"}},
            "unexpected .* 'directroy'. It takes directory",
        ),
        ({STEP: {}}, "missing .* 'directory'. It takes directory"),
        ({STEP: None, "directory": "/app"}, "one function, with its inputs indented"),
        ({"prefect.deployment.run": {}}, "no step `prefect.deployment.run`"),
    ],
)
def test_a_step_is_a_function_with_arguments_that_it_takes(step, reason):
    with pytest.raises(ValidationError, match=reason):
        deployment(pull=[step])


def test_parameters_without_a_value_in_json():
    with pytest.raises(ValidationError, match="neither infinity nor NaN"):
        deployment(parameters={"limit": float("inf")})
