"""Work pools on a real Prefect server: created, and restored after changes by hand."""

from __future__ import annotations

import subprocess

import pytest
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate

from blocks.ecs_pool import production_pool
from blocks.server import Server
from blocks.work_pools import dev_pool
from tests.blocks.conftest import changes, names
from tests.samples.platform_stack import FOUNDATION, STACK
from tests.servers.python import python
from utils.errors import ClearError


def test_a_pool_changed_by_hand_is_reverted(blocks, prefect, secrets, requests):
    blocks("apply")
    template = prefect.read_work_pool("production").base_job_template
    variables = template["variables"]["properties"]
    variables["cpu"]["default"] = 4096
    variables["network_configuration"]["default"]["assignPublicIp"] = "ENABLED"
    variables["env"]["default"]["PREFECT_API_KEY"] = "by-hand"
    variables["env"]["default"]["PREFECT_API_URL"] = "https://me:by-hand@example.org"
    variables["command"]["default"] = "curl -H 'Authorization: by-hand' example.org"
    template["job_configuration"]["command"] = "KEY=by-hand {{ command }}"
    # by mistake, in place of its ARN
    variables["prefect_api_key_secret_arn"]["default"] = "key-by-hand"
    prefect.update_work_pool(
        "production",
        WorkPoolUpdate(base_job_template=template, concurrency_limit=3, is_paused=True),
    )
    requests.clear()

    lines = blocks("apply")

    assert names(lines, "updated") == {"work pool production"}
    start = "  variables.properties"
    assert f"{start}.cpu.default: 4096 -> 512" in lines
    assert (
        f"{start}.network_configuration.default.assignPublicIp: ENABLED -> DISABLED"
        in lines
    )
    assert f"{start}.env.default.PREFECT_API_KEY: (not shown) -> none" in lines
    command = "python -m utils.runs prefect flow-run execute"
    assert f"{start}.command.default: (not shown) -> {command}" in lines
    assert "  job_configuration.command: (not shown) -> {{ command }}" in lines
    secret = "prefect_api_key_secret_arn.default: (secret) -> (secret, differs)"
    assert f"{start}.{secret}" in lines
    assert "by-hand" not in "\n".join(lines)
    assert changes(requests) == ["PATCH /api/work_pools/production"]
    pool = prefect.read_work_pool("production")
    assert pool.base_job_template["variables"]["properties"]["cpu"]["default"] == 512
    assert (pool.concurrency_limit, pool.is_paused) == (3, True)


def test_a_dev_pool_made_by_hand_gets_a_description(blocks, prefect):
    made = [python(), "-m", "prefect", "work-pool", "create", "dev"]
    subprocess.run([*made, "--type", "process"], check=True, capture_output=True)

    lines = blocks("apply", "dev")

    assert [line for line in lines if line.startswith("  ")] == [
        "  description: null -> Runs are processes on the machine of whoever starts a"
        " worker.",
        "  variables.properties.env.default.PREFECT_RESULTS_DEFAULT_SERIALIZER: none ->"
        " json",
        "  variables.properties.env.default.PREFECT_CLIENT_MAX_RETRIES: none -> 8",
        "  variables.properties.env.default.PREFECT_FLOWS_HEARTBEAT_FREQUENCY: none -> 60",
    ]


@pytest.mark.parametrize(
    "there, type, command, part",
    [
        ("production", "ecs", "plan", "dev"),
        ("production", "ecs", "apply", "dev"),
        ("warehouse-loads", "ecs", "apply", "dev"),  # another WorkPoolName
        ("dev", "process", "apply", "production"),
    ],
)
def test_developers_and_production_are_not_on_one_server(
    blocks, prefect, secrets, requests, there, type, command, part
):
    prefect.create_work_pool(WorkPoolCreate(name=there, type=type))
    try:
        requests.clear()
        with pytest.raises(ClearError, match=f"has the work pool {there}") as raised:
            blocks(command, part)
        assert not changes(requests)
    finally:
        prefect.delete_work_pool(there)
    assert f"{part} must not be beside it" in str(raised.value)
    assert "Nothing was changed." in str(raised.value)
    assert f"prefect work-pool delete {there}" in str(raised.value)


def test_other_pools_may_be_there(prefect):
    prefect.create_work_pool(WorkPoolCreate(name="of-a-machine", type="process"))
    try:
        for pool in (dev_pool(), production_pool(STACK, FOUNDATION)):
            assert pool.find(Server(prefect)) is None
    finally:
        prefect.delete_work_pool("of-a-machine")


def test_a_pool_of_another_type_is_not_touched(prefect):
    prefect.create_work_pool(WorkPoolCreate(name="dev", type="docker"))
    with pytest.raises(ClearError, match="dev is of the type docker, not process"):
        dev_pool().find(Server(prefect))
