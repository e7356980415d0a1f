"""The platform's stack on the fake AWS: the worker, the processor.

No image is there, so that no worker starts.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any, Iterator
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_KEY, temporary_settings
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSWorker

from blocks.ecs_pool import production_pool
from blocks.work_pools import WorkPool
from tests.fakes.aws import REGION
from tests.infrastructure.first_stacks import IMAGE, create_foundation, create_platform
from tests.infrastructure.templates import TEMPLATES
from utils.aws.stack import StackOutputs
from utils.reports.differences import revealed

pytestmark = pytest.mark.slow

NAME = "worker-test"
TEMPLATE = TEMPLATES["data-platform"].read_text()


@pytest.fixture
def stacks(cloud) -> Iterator[Any]:
    made: list[str] = []

    def create(
        name: str,
        template: str = TEMPLATE,
        network: dict[str, str] = {"NatKind": "none"},
        **parameters: str,
    ) -> dict[str, str]:
        made.extend([f"{name}-foundation", name])
        create_foundation(cloud, name, **network)
        return create_platform(cloud, name, template, **parameters)

    yield create
    for name in reversed(made):
        cloud.delete_stack(name)


def test_a_platform_without_a_worker_gets_one_and_loses_it(cloud, stacks):
    """As around a server of one's own, which is made into the same network."""
    name = f"{NAME}-idle"
    without = stacks(name, MinimumWorkers="0")
    assert "WorkerServiceName" not in without
    assert of_the_worker(cloud, name) == set()

    outputs = cloud.update_stack(name, MinimumWorkers="1")
    assert of_the_worker(cloud, name) == {
        *("WorkerService", "WorkerCount", "WorkerScaling"),
        *("NoWorker", "WorkerTroubleRule", "WorkerDiedRule"),
    }
    (service,) = cloud.client("ecs").describe_services(
        cluster=outputs["ClusterArn"], services=[outputs["WorkerServiceName"]]
    )["services"]
    assert service["desiredCount"] == 1

    assert cloud.update_stack(name, MinimumWorkers="0") == without
    assert of_the_worker(cloud, name) == set()


def test_worker_and_runs_change_their_processor(cloud, stacks):
    """A stack of an earlier template, which has no choice, gets one and stays with x86."""
    name = f"{NAME}-processor"
    outputs = stacks(name, without_processor(TEMPLATE))
    assert "CpuArchitecture" not in outputs
    assert "runtimePlatform" not in worker_task(cloud, name)

    client = cloud.client("cloudformation")
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    client.update_stack(
        StackName=name,
        TemplateBody=TEMPLATE,
        Parameters=[
            {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
            for each in stack["Parameters"]
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert_processor(cloud, name, cloud.outputs(name), "X86_64")

    outputs = cloud.update_stack(name, CpuArchitecture="ARM64")
    assert_processor(cloud, name, outputs, "ARM64")


def test_an_existing_networks_address_can_be_told_later(cloud, stacks):
    ec2, name = cloud.client("ec2"), f"{NAME}-address"
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.1.0/24")["Subnet"]["SubnetId"]
    network = {"ExistingVpcId": vpc, "ExistingPrivateSubnetIds": subnet}
    outputs = stacks(name, network=network)
    assert "EXPECTED_OUTBOUND_IP" not in environment(cloud, name, outputs)
    cloud.update_stack(f"{name}-foundation", ExistingIpAddress="192.0.2.7")
    assert environment(cloud, name, outputs)["EXPECTED_OUTBOUND_IP"] == "192.0.2.7"


def environment(cloud: Any, stack: str, outputs: dict[str, str]) -> dict[str, str]:
    """Return the environment of runs in the stack's pool."""
    template = pool_of(cloud, stack, outputs).base_job_template
    return template["variables"]["properties"]["env"]["default"]


def without_processor(template: str) -> str:
    """Return the platform's template without its parameter CpuArchitecture."""
    text = template.replace("ImageUri, CpuArchitecture, ", "ImageUri, ")
    text = re.sub(r"^  CpuArchitecture:\n(?:    .*\n)+", "", text, flags=re.M)
    text = re.sub(r"^      RuntimePlatform:\n(?:        .*\n)+", "", text, flags=re.M)
    assert "CpuArchitecture" not in text
    return text


def assert_processor(
    cloud: Any, stack: str, outputs: dict[str, str], processor: str
) -> None:
    """Check the definitions of a stack's worker and of a run in its pool."""
    wanted = {"cpuArchitecture": processor, "operatingSystemFamily": "LINUX"}
    assert worker_task(cloud, stack)["runtimePlatform"] == wanted
    assert registered(cloud, stack, outputs)["runtimePlatform"] == wanted


def worker_task(cloud: Any, stack: str) -> dict[str, Any]:
    """Return the task definition of a stack's worker."""
    family = f"{stack}-worker"
    found = cloud.client("ecs").describe_task_definition(taskDefinition=family)
    return found["taskDefinition"]


def pool_of(cloud: Any, stack: str, outputs: dict[str, str]) -> WorkPool:
    """Return the work pool that is made of a stack's outputs and its foundation's."""
    made = StackOutputs(stack, REGION, "CREATE_COMPLETE", outputs)
    network = cloud.outputs(f"{stack}-foundation")
    return production_pool(made, replace(made, outputs=network))


def registered(cloud: Any, stack: str, outputs: dict[str, str]) -> dict[str, Any]:
    """Return the definition that the worker registers for a run in the stack's pool."""
    template = revealed(pool_of(cloud, stack, outputs).base_job_template)
    run = FlowRun(id=uuid4(), flow_id=uuid4(), deployment_id=uuid4())
    configuration = asyncio.run(
        ECSJobConfiguration.from_template_and_values(template, {"image": IMAGE})
    )
    with temporary_settings({PREFECT_API_KEY: "the worker's"}):
        configuration.prepare_for_flow_run(run)
    worker = ECSWorker(outputs["WorkPoolName"])
    definition = worker._prepare_task_definition(configuration, REGION, run)
    answer = cloud.client("ecs").register_task_definition(**definition)
    return answer["taskDefinition"]


def of_the_worker(cloud: Any, stack: str) -> set[str]:
    """Return the resources of a stack that are there for the worker's service alone."""
    found = cloud.client("cloudformation").list_stack_resources(StackName=stack)
    names = {each["LogicalResourceId"] for each in found["StackResourceSummaries"]}
    both = {"WorkerLogs", "WorkerRole", "WorkerTask"}
    return {each for each in names if "Worker" in each} - both
