"""The foundation's stack on the fake AWS: ways out, and an existing network."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.infrastructure.first_stacks import create_foundation

pytestmark = pytest.mark.slow

NAME = "address-test"


@pytest.fixture
def stacks(cloud) -> Iterator[Any]:
    made: list[str] = []

    def create(name: str, **parameters: str) -> dict[str, str]:
        made.append(f"{name}-foundation")
        return create_foundation(cloud, name, **parameters)

    yield create
    for name in made:
        cloud.delete_stack(name)


def way_out(cloud: Any, outputs: dict[str, str]) -> dict[str, Any]:
    """Return the private subnets' default route, or nothing."""
    subnet = outputs["PrivateSubnetIds"].split(",")[0]
    of_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (table,) = cloud.client("ec2").describe_route_tables(Filters=of_subnet)[
        "RouteTables"
    ]
    routes = [
        each
        for each in table["Routes"]
        if each.get("DestinationCidrBlock") == "0.0.0.0/0"
    ]
    return routes[0] if routes else {}


def holder(cloud: Any, outputs: dict[str, str]) -> dict[str, Any]:
    """Return what has the address."""
    allocation = [outputs["OutboundAllocationId"]]
    (address,) = cloud.client("ec2").describe_addresses(AllocationIds=allocation)[
        "Addresses"
    ]
    assert address["PublicIp"] == outputs["OutboundIpAddress"]
    return address


def test_one_address_through_every_kind_of_nat_and_into_the_next_stack(cloud, stacks):
    before = stacks(NAME, NatKind="gateway")
    assert way_out(cloud, before)["NatGatewayId"].startswith("nat-")

    assert cloud.update_stack(f"{NAME}-foundation", NatKind="none") == before
    assert way_out(cloud, before) == {}

    assert cloud.update_stack(f"{NAME}-foundation", NatKind="instance") == before
    interface = way_out(cloud, before)["NetworkInterfaceId"]
    assert holder(cloud, before)["NetworkInterfaceId"] == interface
    described = cloud.client("ec2").describe_network_interfaces(
        NetworkInterfaceIds=[interface]
    )
    assert described["NetworkInterfaces"][0]["SourceDestCheck"] is False

    cloud.delete_stack(f"{NAME}-foundation")
    assert "NetworkInterfaceId" not in {
        name for name, value in holder(cloud, before).items() if value
    }
    after = stacks(
        f"{NAME}-2",
        ExistingAllocationId=before["OutboundAllocationId"],
        ExistingIpAddress=before["OutboundIpAddress"],
    )
    assert after["OutboundIpAddress"] == before["OutboundIpAddress"]
    assert after["OutboundAllocationId"] == before["OutboundAllocationId"]
    assert way_out(cloud, after)["NatGatewayId"].startswith("nat-")
    assert after["VpcId"] != before["VpcId"]


def test_a_terminated_nat_instance_comes_back_with_the_same_address(cloud, stacks):
    name = f"{NAME}-machine"
    outputs = stacks(name, NatKind="instance")
    ec2 = cloud.client("ec2")
    first = machine_of(cloud, outputs)
    ec2.terminate_instances(InstanceIds=[first])
    second = machine_of(cloud, outputs)
    assert second != first

    assert cloud.update_stack(f"{name}-foundation", NatInstanceType="t4g.small") == (
        outputs
    )
    third = machine_of(cloud, outputs)
    assert third != second
    (found,) = ec2.describe_instances(InstanceIds=[third])["Reservations"]
    assert found["Instances"][0]["InstanceType"] == "t4g.small"


def machine_of(cloud: Any, outputs: dict[str, str]) -> str:
    """Return the machine that has the outbound address and the private subnets' route."""
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()
    (member,) = [
        each["InstanceId"]
        for group in groups["AutoScalingGroups"]
        for each in group["Instances"]
    ]
    interface = way_out(cloud, outputs)["NetworkInterfaceId"]
    assert holder(cloud, outputs)["NetworkInterfaceId"] == interface
    (found,) = cloud.client("ec2").describe_network_interfaces(
        NetworkInterfaceIds=[interface]
    )["NetworkInterfaces"]
    assert found["Attachment"]["InstanceId"] == member
    return member


def test_an_existing_network_gets_a_security_group_and_nothing_else(cloud, stacks):
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    cloud.forget_calls()
    given = {"ExistingVpcId": vpc, "ExistingPrivateSubnetIds": subnet}
    outputs = stacks(f"{NAME}-existing", **given)

    made = {each["action"] for each in cloud.calls(service="ec2")}
    assert {
        each for each in made if each.startswith(("Create", "Allocate", "Run"))
    } == {"CreateSecurityGroup"}
    assert (outputs["VpcId"], outputs["PrivateSubnetIds"]) == (vpc, subnet)
    assert outputs["OutboundIpAddress"] == "unknown"
    group = [outputs["TaskSecurityGroupId"]]
    (found,) = ec2.describe_security_groups(GroupIds=group)["SecurityGroups"]
    assert found["VpcId"] == vpc

    known = cloud.update_stack(
        f"{NAME}-existing-foundation", ExistingIpAddress="192.0.2.7"
    )
    assert known["OutboundIpAddress"] == "192.0.2.7"
