"""A backfill's chunks are tasks of their own, side by side."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.platform import Platform
from tests.fakes.http_server import serving
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates

pytestmark = pytest.mark.slow

CHUNKS = "open_exchange_rates/production-backfill"


def test_each_chunk_of_a_backfill_is_a_task_on_ecs(platform: Platform):
    platform.cloud.client("secretsmanager").create_secret(
        Name="dlt/sources/open_exchange_rates",
        SecretString=json.dumps({"app_id": APP_ID}),
    )
    with serving(OpenExchangeRates().respond) as api:
        use_api(platform, api.url)
        run = platform.completed(
            "backfill/production",
            parameters={
                "deployment": CHUNKS,
                "first_day": "2024-01-01",
                "last_day": "2024-01-04",
                "chunk_days": 2,
            },
        )

    platform.wait_for_line(run.id, "2 of 2 chunks done")
    deployment = platform.client.read_deployment_by_name(CHUNKS)
    chunks = [
        each
        for each in platform.client.read_flow_runs()
        if each.deployment_id == deployment.id
    ]
    first_days = [each.parameters["first_day"] for each in chunks]
    assert sorted(first_days) == [f"2024-01-0{day}" for day in (1, 3)]
    tasks = {platform.task(each.id)["taskArn"] for each in (run, *chunks)}
    assert len(tasks) == 3
    days = [path for path in api.paths if path.startswith("/historical/")]
    assert sorted(days) == [f"/historical/2024-01-0{day}.json" for day in range(1, 5)]
    assert lake_files(platform, "open_exchange_rates/rates/")


def use_api(platform: Platform, url: str) -> None:
    """Make the chunks' deployment call the fake API."""
    from prefect.client.schemas.actions import DeploymentUpdate

    deployment = platform.client.read_deployment_by_name(CHUNKS)
    environment = {"SOURCES__OPEN_EXCHANGE_RATES__API_URL": url}
    platform.client.update_deployment(
        deployment.id,
        DeploymentUpdate(job_variables=deployment.job_variables | {"env": environment}),
    )


def lake_files(platform: Platform, prefix: str) -> list[str]:
    """Return the lake's files whose names begin with a prefix."""
    bucket = platform.outputs["LakeBucketUrl"].removeprefix("s3://")
    s3 = platform.cloud.client("s3")
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return [each["Key"] for each in found]
