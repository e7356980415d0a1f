"""The template of the pool `production`, as a worker makes a task of it."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSWorker

from blocks.ecs_pool import production_pool
from blocks.resource import revealed
from blocks.stack import Stack
from tests.aws import REGION
from tests.platform_stack import NAME, OUTPUTS


def stack(**outputs: str) -> Stack:
    return Stack(NAME, REGION, "CREATE_COMPLETE", OUTPUTS | outputs)


async def configuration(
    outputs: Stack, monkeypatch: pytest.MonkeyPatch, **job_variables: object
) -> ECSJobConfiguration:
    """What a worker makes of the template for a run of a deployment."""
    monkeypatch.setenv("PREFECT_API_KEY", "the-key")
    template = revealed(production_pool(outputs).base_job_template)
    async with get_client() as client:
        made = await ECSJobConfiguration.from_template_and_values(
            template, {"image": "repository:commit", **job_variables}, client
        )
    run = FlowRun(id=uuid4(), flow_id=uuid4(), name="run", state=Scheduled())
    made.prepare_for_flow_run(run)
    return made


@pytest.fixture
def key(monkeypatch):
    """The worker has the key of Prefect's API, by secret."""
    from prefect.settings import PREFECT_API_KEY, temporary_settings

    with temporary_settings({PREFECT_API_KEY: "the-key"}):
        yield


@pytest.mark.parametrize(
    "variable, field",
    [
        ("PREFECT_API_KEY", "prefect_api_key_secret_arn"),
        ("PREFECT_API_AUTH_STRING", "prefect_api_auth_string_secret_arn"),
    ],
)
def test_the_apis_secret_goes_by_its_arn(variable, field):
    made = revealed(
        production_pool(stack(PrefectApiSecretVariable=variable)).base_job_template
    )
    variables = made["variables"]["properties"]
    with_arn = {
        name
        for name, each in variables.items()
        if each.get("default") == OUTPUTS["PrefectApiSecretArn"]
    }
    assert with_arn == {field}
