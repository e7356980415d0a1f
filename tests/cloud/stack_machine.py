"""CloudFormation's types of a machine that runs something: its disk, profile and settings."""

from __future__ import annotations

from tests.cloud.account import arn
from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, resource_type


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
    tags = {"ResourceType": "volume", "Tags": api.system_tags + p.get("Tags", [])}
    created = api.call("ec2", "CreateVolume", TagSpecifications=[tags], **given)
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
