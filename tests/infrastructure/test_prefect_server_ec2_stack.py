"""The stack of the server's machine on the fake AWS: what a change of it replaces."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.cloud.cloud import Cloud, running_cloud
from tests.infrastructure.first_stacks import (
    IMAGE,
    SECRET,
    create_foundation,
    create_platform,
)
from tests.infrastructure.templates import SERVERS

pytestmark = pytest.mark.slow

NAME = "data-platform-server"
FOUNDATION = "data-platform-foundation"
PARAMETER = f"/{NAME}/settings"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Separate account, because roles of servers have fixed names."""
    with running_cloud(tmp_path_factory.mktemp("machine") / "cloud") as cloud:
        create_foundation(cloud, "data-platform", NatKind="none")
        create_platform(
            cloud,
            "data-platform",
            PrefectApiUrl="http://10.20.0.10:4200/api",
            MinimumWorkers="0",
        )
        yield cloud


@pytest.fixture
def stack(cloud: Cloud) -> Iterator[dict[str, str]]:
    """Outputs of a stack whose machine is only the server."""
    template = SERVERS["ec2"].read_text()
    with cloud.enforcing():
        given = {"ImageUri": IMAGE, "ApiSecretArn": SECRET}
        outputs = cloud.create_stack(NAME, template, **given)
        cloud.forget_calls()
        yield outputs
        cloud.delete_stack(NAME)
    cloud.client("s3").delete_bucket(Bucket=outputs["DumpBucketName"])


def instance(cloud: Cloud, outputs: dict[str, str]) -> dict[str, Any]:
    found = cloud.client("ec2").describe_instances(InstanceIds=[outputs["InstanceId"]])
    return found["Reservations"][0]["Instances"][0]


def disks(cloud: Cloud, outputs: dict[str, str]) -> dict[str, str]:
    mapped = instance(cloud, outputs)["BlockDeviceMappings"]
    return {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in mapped}


def way_out(cloud: Cloud) -> dict[str, Any]:
    """Return the private subnets' default route, or nothing."""
    table = [cloud.outputs(FOUNDATION)["PrivateRouteTableId"]]
    found = cloud.client("ec2").describe_route_tables(RouteTableIds=table)
    routes = [
        each
        for each in found["RouteTables"][0]["Routes"]
        if each.get("DestinationCidrBlock") == "0.0.0.0/0"
    ]
    return routes[0] if routes else {}


def test_the_machine_has_the_address_that_the_platform_knows(cloud, stack):
    machine = instance(cloud, stack)
    (interface,) = machine["NetworkInterfaces"]
    assert interface["PrivateIpAddress"] == "10.20.0.10"
    assert interface["Association"]["PublicIp"]
    assert stack["PrefectApiUrl"] == cloud.outputs("data-platform")["PrefectApiUrl"]
    subnet = cloud.outputs(FOUNDATION)["PublicSubnetIds"].split(",")[0]
    assert interface["SubnetId"] == subnet
    assert interface["SourceDestCheck"] is True
    assert disks(cloud, stack).keys() == {"/dev/xvda", "/dev/sdf"}
    assert way_out(cloud) == {}


def test_a_new_image_changes_the_settings_alone(cloud, stack):
    assert cloud.update_stack(NAME, ImageUri=f"{IMAGE}2") == stack
    written = cloud.calls(service="ssm", action="PutParameter")
    assert len(written) == 1
    assert not cloud.calls(action="RunInstances")
    settings = cloud.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    assert f"IMAGE='{IMAGE}2'" in settings.splitlines()


def test_the_machine_becomes_the_nat_and_no_longer_is_it(cloud, stack):
    assert cloud.update_stack(NAME, IsNat="true", RunsWorker="true") == stack
    assert not cloud.calls(action="RunInstances")
    (interface,) = instance(cloud, stack)["NetworkInterfaces"]
    assert way_out(cloud)["NetworkInterfaceId"] == interface["NetworkInterfaceId"]
    assert interface["SourceDestCheck"] is False
    outbound = cloud.outputs(FOUNDATION)["OutboundIpAddress"]
    assert interface["Association"]["PublicIp"] == outbound

    cloud.update_stack(NAME, IsNat="false")
    (interface,) = instance(cloud, stack)["NetworkInterfaces"]
    assert way_out(cloud) == {}
    assert interface["Association"]["PublicIp"] not in ("", outbound)


def test_a_new_machine_has_the_old_one_s_disk_and_addresses(cloud, stack):
    before, data = instance(cloud, stack), disks(cloud, stack)["/dev/sdf"]
    assert "InstanceId" not in cloud.update_stack(NAME, Machine="absent")
    volume = cloud.client("ec2").describe_volumes(VolumeIds=[data])["Volumes"][0]
    assert volume["Attachments"] == []

    outputs = cloud.update_stack(NAME, Machine="present", InstanceType="t3a.small")
    after = instance(cloud, outputs)
    assert after["InstanceId"] != before["InstanceId"]
    assert after["ImageId"].endswith("-x86_64")
    assert disks(cloud, outputs)["/dev/sdf"] == data
    for name in ("PrivateIpAddress", "PublicIpAddress"):
        assert after[name] == before[name]


def test_a_larger_disk_is_the_same_disk(cloud, stack):
    data = disks(cloud, stack)["/dev/sdf"]
    cloud.update_stack(NAME, DataVolumeGb="20")
    assert disks(cloud, stack)["/dev/sdf"] == data
    assert not cloud.calls(action="RunInstances")
    assert cloud.calls(action="ModifyVolume")
