"""A run reads its own source's secrets with its role, and no other source's."""

from __future__ import annotations

from typing import Iterator
from uuid import UUID

import pytest
from prefect.client.schemas.objects import StateType

from tests.end_to_end.platform import Platform

pytestmark = pytest.mark.slow

DENIED = "AccessDeniedException"


ANSWERS = {
    "dlt/sources/van": "read",
    "dlt/sources/van/api_key": "ResourceNotFoundException",
    "dlt/destination/warehouse/credentials": "read",
    "dlt/sources/hubspot": DENIED,
    "dlt/sources/hubspot/access_token": DENIED,
    "prefect/api-key": DENIED,
}


@pytest.fixture(scope="module")
def runs(platform: Platform) -> Iterator[tuple[UUID, UUID]]:
    """A run for VAN that asks for whatever it likes, and one with another source's role.

    They are started at once, because each takes seconds.
    """
    client, secrets = platform.client, platform.cloud.client("secretsmanager")
    for name in ("dlt/sources/van", "dlt/sources/hubspot"):
        secrets.create_secret(Name=name, SecretString="{}")
    deployment_id = client.create_deployment(
        flow_id=client.create_flow_from_name("read_secrets"),
        name="production",
        entrypoint="tests.end_to_end.flow_that_reads.read_secrets",
        work_pool_name="production",
        job_variables={"image": platform.image, "role": "van"},
        pull_steps=[
            {"prefect.deployments.steps.set_working_directory": {"directory": "."}}
        ],
    )
    yield (
        platform.start("read_secrets/production", parameters={"names": [*ANSWERS]}),
        platform.start(
            "open_exchange_rates/production", job_variables={"role": "hubspot"}
        ),
    )
    client.delete_deployment(deployment_id)
    for name in ("dlt/sources/van", "dlt/sources/hubspot"):
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_a_run_reads_no_secret_but_its_own(platform, runs):
    run = platform.wait(runs[0])

    assert run.state_type == StateType.COMPLETED
    platform.wait_for_line(run.id, f"prefect/api-key: {DENIED}")
    lines = set(platform.logs(run.id))
    assert {f"{name}: {answer}" for name, answer in ANSWERS.items()} <= lines
    role = platform.task(run.id)["overrides"]["taskRoleArn"]
    assert role == platform.outputs["FlowRoleArn"].removesuffix("flow") + "van"
    platform.stopped_task(run.id)


def test_a_run_with_anothers_role_says_what_to_do(platform, runs):
    run = platform.wait(runs[1])

    assert run.state_type == StateType.FAILED
    message = run.state.message
    assert "refuses the secret dlt/sources/open_exchange_rates/app_id" in message
    assert "assumed-role/data-platform-hubspot/" in message
    assert "job variable `role` in prefect.yaml" in message
    platform.stopped_task(run.id)
