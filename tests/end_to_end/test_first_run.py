"""From the templates to completed runs, as infrastructure/README.md has it."""

from __future__ import annotations

import pytest
from prefect.client.schemas.objects import FlowRun

from tests.end_to_end.platform import AUTH, COMMIT, STACK, Platform
from tests.fakes.http_server import Answer, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hello(platform: Platform) -> FlowRun:
    """Run of hello_world that is told the stack's address by a service of the test."""
    address = platform.outputs["OutboundIpAddress"]
    with serving(lambda request: Answer(address.encode())) as service:
        return platform.completed(
            "hello_world/production",
            job_variables={"env": {"CHECK_IP_URL": service.url}},
        )


def test_hello_world_runs_as_a_task_behind_the_stacks_address(platform, hello):
    address = platform.outputs["OutboundIpAddress"]
    platform.wait_for_line(hello.id, f"Outbound IP address {address}, as expected")
    platform.wait_for_line(hello.id, "Work pool production")


def test_exchange_rates_arrive_in_the_warehouse(platform, hello):
    """Reads the credentials from AWS Secrets Manager with the flow's role."""
    run = platform.completed(
        "exchange_rates/production",
        parameters={"refresh": False},
        job_variables={"ephemeral_storage": 30},
    )

    ((rows,),) = platform.warehouse.query(
        "SELECT count(*) FROM exchange_rates.exchange_rates"
    )
    assert rows > 200_000
    platform.wait_for_line(run.id, "Loaded")
    task = platform.task(run.id)
    logs = platform.cloud.client("logs").get_log_events(
        logGroupName=platform.outputs["FlowLogGroupName"],
        logStreamName=f"flows/prefect/{task['taskArn'].rpartition('/')[2]}",
    )
    assert any("Loaded" in event["message"] for event in logs["events"])

    (worker,) = platform.worker_tasks()
    assert (worker["cpu"], worker["memory"]) == ("256", "1024")
    assert platform.size(hello.id) == ("256", "512")
    assert platform.size(run.id) == ("512", "1024")
    assert platform.definition(run.id)["ephemeralStorage"] == {"sizeInGiB": 30}
    assert "ephemeralStorage" not in platform.definition(hello.id)


def test_a_task_says_for_what_it_costs(platform, hello):
    tags = {each["key"]: each["value"] for each in platform.task(hello.id)["tags"]}
    assert tags["stack"] == STACK
    assert tags["prefect.io/flow-name"] == "hello_world"
    assert tags["prefect.io/deployment-name"] == "production"


def test_a_task_is_private_and_holds_no_secret(platform, hello):
    task, definition = platform.task(hello.id), platform.definition(hello.id)
    (container,) = definition["containerDefinitions"]

    assert container["image"].endswith(f":{COMMIT}")
    assert container["logConfiguration"]["options"]["mode"] == "non-blocking"
    assert definition["executionRoleArn"] == platform.outputs["ExecutionRoleArn"]
    assert task["overrides"]["taskRoleArn"] == platform.outputs["FlowRoleArn"]
    assert [each["name"] for each in container["secrets"]] == [
        "PREFECT_API_AUTH_STRING"
    ]
    assert AUTH not in str(task) + str(definition)
    assert not task["enableExecuteCommand"]
    assert container["readonlyRootFilesystem"] is True
    assert container["linuxParameters"]["capabilities"]["drop"] == ["ALL"]
    volumes = [each["sourceVolume"] for each in container["mountPoints"]]
    assert volumes == [each["name"] for each in definition["volumes"]]
    (request,) = [
        call["parameters"]["networkConfiguration"]["awsvpcConfiguration"]
        for call in platform.cloud.calls(action="RunTask")
        if str(hello.id) in str(call["parameters"])
    ]
    assert request == {
        "subnets": platform.outputs["PrivateSubnetIds"].split(","),
        "securityGroups": [platform.outputs["TaskSecurityGroupId"]],
        "assignPublicIp": "DISABLED",
    }


def test_a_second_apply_changes_nothing(platform):
    assert "Nothing to change" in platform.command("blocks", "apply")
