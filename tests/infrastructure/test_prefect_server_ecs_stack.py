"""The stack of Prefect's server on the fake AWS: public, internal, changed, and removed.

No image is there, so that no task starts.
"""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests.infrastructure.first_stacks import (
    IMAGE,
    SECRET,
    create_foundation,
    create_platform,
)
from tests.infrastructure.templates import SERVERS

pytestmark = pytest.mark.slow

HOST = "prefect.example.org"
PLATFORM, SERVER = "network-test", "network-test-server"


@pytest.fixture(scope="module")
def platform(cloud) -> Iterator[dict[str, str]]:
    """Outputs of a platform without a worker, and of its foundation."""
    foundation = create_foundation(cloud, PLATFORM)
    yield foundation | create_platform(
        cloud, PLATFORM, PrefectApiUrl=f"https://{HOST}/api", MinimumWorkers="0"
    )
    cloud.delete_stack(PLATFORM)
    cloud.delete_stack(f"{PLATFORM}-foundation")


@pytest.fixture
def create(cloud, platform) -> Iterator[Any]:
    """Create the server's stack with parameters, and return its outputs."""

    def create(**parameters: str) -> dict[str, str]:
        certificate = cloud.client("acm").request_certificate(DomainName=HOST)
        return cloud.create_stack(
            SERVER,
            SERVERS["ecs"].read_text(),
            PlatformStackName=PLATFORM,
            HostName=HOST,
            CertificateArn=certificate["CertificateArn"],
            AllowedCidr="192.0.2.0/24",
            ApiSecretArn=SECRET,
            ImageUri=IMAGE,
            DatabaseDeletionProtection="false",
            **parameters,
        )

    yield create
    cloud.delete_stack(SERVER)


def balancer(cloud: Any) -> dict[str, Any]:
    (found,) = cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return found


def let_in(cloud: Any, group: str) -> list[tuple[int, str]]:
    """Return the ports of a group with who may reach each."""
    ec2 = cloud.client("ec2")
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return sorted(
        (rule["ToPort"], peer.get("CidrIp") or peer["GroupId"])
        for rule in found["IpPermissions"]
        for peer in rule["IpRanges"] + rule["UserIdGroupPairs"]
    )


def subnets(found: dict[str, Any]) -> set[str]:
    return {zone["SubnetId"] for zone in found["AvailabilityZones"]}


def test_a_public_server_has_its_name_and_lets_in_the_platforms_address(
    cloud, platform, create
):
    route53 = cloud.client("route53")
    zone = route53.create_hosted_zone(Name="example.org", CallerReference="server")
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    outputs = create(HostedZoneId=zone_id)

    found = balancer(cloud)
    assert found["Scheme"] == "internet-facing"
    assert subnets(found) == set(platform["PublicSubnetIds"].split(","))
    (group,) = found["SecurityGroups"]
    own = f"{platform['OutboundIpAddress']}/32"
    assert let_in(cloud, group) == sorted([(443, "192.0.2.0/24"), (443, own)])
    assert let_in(cloud, outputs["TaskSecurityGroupId"]) == [(4200, group)]
    records = route53.list_resource_record_sets(HostedZoneId=zone_id)
    (alias,) = [each for each in records["ResourceRecordSets"] if "AliasTarget" in each]
    assert alias["Name"].rstrip(".") == HOST
    name = alias["AliasTarget"]["DNSName"]
    assert outputs["BalancerName"] in name == found["DNSName"]


def server_of(cloud: Any, outputs: dict[str, str]) -> tuple[bool, str, dict[str, Any]]:
    """Return whether ECS Exec is enabled, the task's role, and the server's container."""
    ecs = cloud.client("ecs")
    (service,) = ecs.describe_services(
        cluster=outputs["ClusterArn"], services=[outputs["ServiceName"]]
    )["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
    task = definition["taskDefinition"]
    (server,) = [
        each for each in task["containerDefinitions"] if each["name"] == "server"
    ]
    return service["enableExecuteCommand"], task.get("taskRoleArn", ""), server


def test_a_public_server_stays_as_closed_as_it_is(cloud, create):
    outputs = create()
    assert outputs["Scheme"] == "internet-facing"
    reached, role, server = server_of(cloud, outputs)
    assert (reached, role, server["readonlyRootFilesystem"]) == (False, "", True)
    assert list(server["linuxParameters"]) == ["capabilities"]


def test_an_internal_server_is_reached_by_the_platforms_tasks_and_session_manager(
    cloud, platform, create
):
    outputs = create(Scheme="internal")
    assert outputs["Scheme"] == "internal"
    reached, role, server = server_of(cloud, outputs)
    assert reached and f"/{SERVER}-ServerRole-" in role
    assert server["readonlyRootFilesystem"] is False
    assert server["linuxParameters"]["initProcessEnabled"] is True
    # as GitHub's right to the cluster's tasks says
    assert f":cluster/{SERVER}-Cluster-" in outputs["ClusterArn"]
    found = balancer(cloud)
    assert found["Scheme"] == "internal"
    assert subnets(found) == set(platform["PrivateSubnetIds"].split(","))
    (group,) = found["SecurityGroups"]
    tasks = platform["TaskSecurityGroupId"]
    assert let_in(cloud, group) == sorted([(443, "192.0.2.0/24"), (443, tasks)])


def test_the_database_grows_in_place_and_is_removed_only_without_its_protection(
    cloud, create
):
    outputs = create(DatabaseMultiAz="true")
    rds = cloud.client("rds")

    def database() -> dict[str, Any]:
        named = {"DBInstanceIdentifier": outputs["DatabaseId"]}
        return rds.describe_db_instances(**named)["DBInstances"][0]

    before = database()
    assert before["StorageEncrypted"] and before["MultiAZ"]
    assert not before["PubliclyAccessible"]
    changed = {"DatabaseStorage": "40", "DatabaseDeletionProtection": "true"}
    assert cloud.update_stack(SERVER, **changed) == outputs
    assert database()["AllocatedStorage"] == 40
    with pytest.raises(RuntimeError, match="DELETE_FAILED.*deletion protection"):
        cloud.delete_stack(SERVER)
    rds.modify_db_instance(
        DBInstanceIdentifier=outputs["DatabaseId"], DeletionProtection=False
    )
    cloud.delete_stack(SERVER)
    snapshots = rds.describe_db_snapshots()["DBSnapshots"]
    names = [each["DBSnapshotIdentifier"] for each in snapshots]
    assert f"{outputs['DatabaseId']}-final" in names
