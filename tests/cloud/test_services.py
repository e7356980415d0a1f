"""ECS services: their tasks, an update and the deletion of the stack."""

from __future__ import annotations

import pytest

from tests.servers.waiting import until

pytestmark = pytest.mark.slow


def test_a_service_runs_restarts_and_is_replaced(cloud, with_service):
    platform = with_service
    ecs, cluster = cloud.client("ecs"), platform.outputs["Cluster"]
    name, first_revision = platform.outputs["Service"], platform.outputs["Task"]

    (first,) = until(lambda: platform.service_tasks(), "the service's task")
    assert first["taskDefinitionArn"] == first_revision
    until(lambda: platform.logged(first["taskArn"], "service"), "its output")

    ecs.stop_task(cluster=cluster, task=first["taskArn"])
    platform.ended(first["taskArn"])
    (second,) = until(lambda: platform.service_tasks(), "the task started again")
    assert second["taskArn"] != first["taskArn"]

    platform.outputs = cloud.update_stack(platform.name, Message="changed")
    ended = platform.ended(second["taskArn"])
    assert ended["stopCode"] == "ServiceSchedulerInitiated"
    (third,) = platform.service_tasks()
    assert third["taskDefinitionArn"] == platform.outputs["Task"] != first_revision
    output = lambda: platform.logged(third["taskArn"], "service")
    assert until(output, "its output") == ["changed"]

    waiter = ecs.get_waiter("services_stable")
    waiter.wait(cluster=cluster, services=[name], WaiterConfig={"Delay": 1})
    (service,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    assert (service["runningCount"], service["desiredCount"]) == (1, 1)
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"]
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "DISABLED"
