"""A backfill's chunks are tasks of their own, side by side, and are run once."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from prefect.client.schemas.objects import FlowRun

from tests.end_to_end.platform import Platform
from tests.fakes.http_server import Answer, Request, json_answer, serving
from tests.fakes.open_exchange_rates import APP_ID, OpenExchangeRates

pytestmark = pytest.mark.slow

CHUNKS = "open_exchange_rates/production-backfill"
RANGE = {
    "deployment": CHUNKS,
    "first_day": "2024-01-01",
    "last_day": "2024-01-04",
    "chunk_days": 2,
}


def test_chunks_are_tasks_side_by_side_and_a_completed_one_is_not_run_again(
    platform: Platform,
):
    """Fails the second chunk at first, so that there is something left to continue."""
    platform.cloud.client("secretsmanager").create_secret(
        Name="dlt/sources/open_exchange_rates",
        SecretString=json.dumps({"app_id": APP_ID}),
    )
    api = SlowRates(broken={"/historical/2024-01-03.json"})
    with serving(api.respond) as served:
        use_api(platform, served.url)
        failed = platform.wait(platform.start("backfill/production", parameters=RANGE))
        api.broken.clear()
        first = chunks(platform)
        resumed = platform.completed("backfill/production", parameters=RANGE)

    assert "1 of 2 chunks are not done: 2024-01-03 to 2024-01-04 (Failed)" in (
        failed.state.message
    )
    assert [each.state.name for each in first] == ["Completed", "Failed"]
    assert max(each.start_time for each in first) < min(each.end_time for each in first)
    tasks = [platform.task(each.id) for each in first]
    assert max(each["startedAt"] for each in tasks) < (
        min(each["stoppedAt"] for each in tasks)
    )

    platform.wait_for_line(resumed.id, "2 of 2 chunks done")
    last = chunks(platform)
    assert [each.id for each in last[:2]] == [each.id for each in first]
    assert [each.parameters["first_day"] for each in last] == [
        *("2024-01-01", "2024-01-03", "2024-01-03")
    ]
    assert last[-1].state.is_completed()
    days = Counter(path for path in served.paths if path.startswith("/historical/"))
    assert days["/historical/2024-01-01.json"] == 1
    assert days["/historical/2024-01-02.json"] == 1
    assert days["/historical/2024-01-04.json"] == 1
    assert lake_files(platform, "open_exchange_rates/rates/")

    runs = [failed, resumed, *last]
    arns = {platform.task(each.id)["taskArn"] for each in runs}
    assert len(arns) == len(runs)
    sizes = {each.id: platform.size(each.id) for each in runs}
    for each in runs:
        is_chunk = each in last
        assert sizes[each.id] == (("512", "1024") if is_chunk else ("256", "512"))


class SlowRates(OpenExchangeRates):
    """API whose days take seconds, and some fail."""

    def __init__(self, broken: set[str]) -> None:
        super().__init__()
        self.broken = broken

    def respond(self, request: Request) -> Answer:
        if request.path in self.broken:
            return json_answer({"status": 400, "description": "No such day"}, 400)
        answer = super().respond(request)
        answer.seconds = 5 if request.path.startswith("/historical/") else 0
        return answer


def chunks(platform: Platform) -> list[FlowRun]:
    """Return the runs of the chunks' deployment, by their days and creation."""
    deployment = platform.client.read_deployment_by_name(CHUNKS)
    found = [
        platform.run(each.id)
        for each in platform.client.read_flow_runs()
        if each.deployment_id == deployment.id
    ]
    return sorted(found, key=lambda each: (each.parameters["first_day"], each.created))


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
