"""CloudFormation's types of a machine: its interface, disk, profile and settings."""

from __future__ import annotations

from tests.cloud.account import arn
from tests.cloud.api import Api
from tests.cloud.stack_network import create, without
from tests.cloud.stack_types import Made, Properties, resource_type


def _check_source(api: Api, interface: str, p: Properties) -> None:
    if "SourceDestCheck" in p:
        value = {"Value": p["SourceDestCheck"]}
        given = {"NetworkInterfaceId": interface, "SourceDestCheck": value}
        api.call("ec2", "ModifyNetworkInterfaceAttribute", **given)


@resource_type(
    "AWS::EC2::NetworkInterface",
    remove=lambda api, made, _: api.call(
        "ec2", "DeleteNetworkInterface", NetworkInterfaceId=made.id
    ),
)
def network_interface(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Make an interface. Only the check of its sources is changed."""
    if before:
        _check_source(api, before.id, p)
        return before
    created = create(
        api,
        "CreateNetworkInterface",
        "network-interface",
        p,
        SubnetId=p["SubnetId"],
        Groups=p.get("GroupSet"),
        Description=p.get("Description"),
        PrivateIpAddress=p.get("PrivateIpAddress"),
    )["NetworkInterface"]
    made = created["NetworkInterfaceId"]
    _check_source(api, made, p)
    address = created["PrivateIpAddress"]
    return Made(made, {"Id": made, "PrimaryPrivateIpAddress": address})


def _terminate(api: Api, made: Made, p: Properties) -> None:
    api.call("ec2", "TerminateInstances", InstanceIds=[made.id])


@resource_type("AWS::EC2::Instance", remove=_terminate, changes=False)
def instance(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    """Make an instance that only exists: its user data is not run."""
    given = without(p, "SourceDestCheck", "AvailabilityZone", "Volumes")
    if "IamInstanceProfile" in p:
        given["IamInstanceProfile"] = {"Name": p["IamInstanceProfile"]}
    for interface in given.get("NetworkInterfaces", []):
        if "GroupSet" in interface:
            interface["Groups"] = interface.pop("GroupSet")
    launched = create(
        api,
        "RunInstances",
        "instance",
        p,
        MinCount=1,
        MaxCount=1,
        **given,
    )["Instances"][0]
    made = launched["InstanceId"]
    for each in p.get("Volumes", []):
        api.call("ec2", "AttachVolume", InstanceId=made, **each)
    if "SourceDestCheck" in p:
        value = {"Value": p["SourceDestCheck"]}
        api.call(
            "ec2", "ModifyInstanceAttribute", InstanceId=made, SourceDestCheck=value
        )
    return Made(
        made,
        {
            "InstanceId": made,
            "AvailabilityZone": launched["Placement"]["AvailabilityZone"],
            "PrivateIp": launched.get("PrivateIpAddress"),
            "PublicIp": launched.get("PublicIpAddress"),
        },
    )


@resource_type(
    "AWS::EC2::Volume",
    remove=lambda api, made, _: api.call("ec2", "DeleteVolume", VolumeId=made.id),
)
def volume(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Make a disk. No snapshot is taken of a removed one."""
    given = {key: value for key, value in p.items() if key != "Tags"}
    if before:
        size = {"VolumeId": before.id, "Size": p["Size"]}
        api.call("ec2", "ModifyVolume", **size)
        return before
    created = create(api, "CreateVolume", "volume", p, **given)
    return Made(created["VolumeId"], {"VolumeId": created["VolumeId"]})


def _remove_profile(api: Api, made: Made, p: Properties) -> None:
    named = {"InstanceProfileName": made.id}
    for role in p["Roles"]:
        api.call("iam", "RemoveRoleFromInstanceProfile", RoleName=role, **named)
    api.call("iam", "DeleteInstanceProfile", **named)


@resource_type("AWS::IAM::InstanceProfile", remove=_remove_profile, changes=False)
def profile(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    named = {"InstanceProfileName": p.get("InstanceProfileName", name)}
    made = api.call("iam", "CreateInstanceProfile", Path=p.get("Path"), **named)
    for role in p["Roles"]:
        api.call("iam", "AddRoleToInstanceProfile", RoleName=role, **named)
    return Made(named["InstanceProfileName"], {"Arn": made["InstanceProfile"]["Arn"]})


@resource_type(
    "AWS::SSM::Parameter",
    remove=lambda api, made, _: api.call("ssm", "DeleteParameter", Name=made.id),
)
def parameter(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    made = p.get("Name", name)
    api.call("ssm", "PutParameter", **p | {"Name": made, "Overwrite": bool(before)})
    return Made(made, {"Value": p["Value"], "Arn": arn("ssm", f"parameter{made}")})
