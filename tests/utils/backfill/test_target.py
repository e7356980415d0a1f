"""The deployment of a backfill, on a real Prefect server."""

from __future__ import annotations

from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import (
    ConcurrencyLimitStrategy,
    ConcurrencyOptions,
)

from tests.samples.chunk_deployment import ChunkDeployment
from utils.backfill.target import BackfillTarget
from utils.errors import ClearError


@pytest.fixture
def client(prefect_api):
    with get_client(sync_client=True) as client:
        yield client


def test_a_deployment_is_found_by_its_name(client):
    deployed = ChunkDeployment()
    found = BackfillTarget.named(deployed.name, client)
    assert (found.name, found.found.id) == (deployed.name, deployed.id)


def test_a_misspelt_name_is_answered_with_those_alike(client):
    name = ChunkDeployment().name
    with pytest.raises(ClearError, match="api has no .* Did you mean") as error:
        BackfillTarget.named(name.replace("chunk", "chnk"), client)
    assert name in str(error.value)
    with pytest.raises(ClearError, match="no deployment 'load_chunk'. There is .*/"):
        BackfillTarget.named("load_chunk", client)  # not of the form flow/deployment


def test_missing_parameters_are_named(client):
    deployment = BackfillTarget.named(ChunkDeployment().name, client)
    deployment.check_parameters(["first_day", "last_day"])
    with pytest.raises(
        ClearError,
        match="no parameter day and no base. It has first_day, last_day, currency",
    ):
        deployment.check_parameters(["first_day", "day", "base"])


def test_its_concurrency_limit(client):
    free, limited, dropping = (
        BackfillTarget.named(ChunkDeployment(**options).name, client)
        for options in (
            {},
            {"concurrency_limit": 1},
            {
                "concurrency_limit": 1,
                "concurrency_options": ConcurrencyOptions(
                    collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
                ),
            },
        )
    )
    assert free.concurrency_limit() is None
    assert limited.concurrency_limit() == 1
    with pytest.raises(ClearError, match="drops runs beyond its .* .CANCEL_NEW"):
        dropping.concurrency_limit()


def test_what_keeps_its_runs_from_starting(client):
    pool = f"pool-{uuid4().hex[:8]}"
    client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    deployment = BackfillTarget.named(ChunkDeployment(work_pool_name=pool).name, client)

    assert f"prefect worker start --pool {pool}" in deployment.obstacle()
    client.update_work_pool(pool, WorkPoolUpdate(is_paused=True))
    assert f"prefect work-pool resume {pool}" in deployment.obstacle()
    client.update_work_pool(pool, WorkPoolUpdate(is_paused=False))
    client.send_worker_heartbeat(pool, "worker", 30)
    assert deployment.obstacle() is None
