"""CloudFormation's types of a group of machines, and its launch template.

moto replaces a terminated machine of a group as soon as somebody looks at the group, but
leaves out the interfaces of its launch template. Not faked: signals of the machines.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.ec2.models.instances import InstanceBackend

from tests.cloud.api import Api
from tests.cloud.stack_network import create
from tests.cloud.stack_types import Made, Properties, resource_type

_interfaces: ContextVar[list[dict[str, Any]]] = ContextVar("interfaces", default=[])


def install() -> None:
    """Give the machines of a group the interfaces of its launch template."""
    group: Any = FakeAutoScalingGroup
    replace, run = group.replace_autoscaling_group_instances, _run_instances()

    def replace_with_interfaces(self: Any, *args: Any, **kwargs: Any) -> Any:
        version = self.ec2_launch_template.get_version(self.launch_template_version)
        token = _interfaces.set(version.data.get("NetworkInterfaces", []))
        try:
            return replace(self, *args, **kwargs)
        finally:
            _interfaces.reset(token)

    group.replace_autoscaling_group_instances = replace_with_interfaces
    backend: Any = InstanceBackend
    backend.run_instances = run


def _run_instances() -> Any:
    original = InstanceBackend.run_instances

    def run_instances(self: Any, *args: Any, **kwargs: Any) -> Any:
        if interfaces := _interfaces.get():
            kwargs["nics"] = interfaces
        return original(self, *args, **kwargs)

    return run_instances


@resource_type(
    "AWS::EC2::LaunchTemplate",
    remove=lambda api, made, _: api.call(
        "ec2", "DeleteLaunchTemplate", LaunchTemplateId=made.id
    ),
)
def launch_template(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Make a launch template, or a further version of one, without its user data.

    moto does not decode those of a further version, and no machine would run them.
    """
    data = {k: v for k, v in p["LaunchTemplateData"].items() if k != "UserData"}
    given = {"LaunchTemplateData": data}
    if before:
        versions = api.call(
            "ec2", "CreateLaunchTemplateVersion", LaunchTemplateId=before.id, **given
        )
        number = versions["LaunchTemplateVersion"]["VersionNumber"]
        return Made(before.id, {"LatestVersionNumber": str(number)})
    named = {"LaunchTemplateName": name}
    made = create(api, "CreateLaunchTemplate", "launch-template", p, **named, **given)
    made = made["LaunchTemplate"]
    number = made["LatestVersionNumber"]
    return Made(made["LaunchTemplateId"], {"LatestVersionNumber": str(number)})


def _remove_group(api: Api, made: Made, p: Properties) -> None:
    named = {"AutoScalingGroupName": made.id}
    api.call("autoscaling", "DeleteAutoScalingGroup", **named, ForceDelete=True)


@resource_type("AWS::AutoScaling::AutoScalingGroup", remove=_remove_group)
def group(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Make a group, or replace its machines, one after the other."""
    given = {
        key: p[key]
        for key in ("AvailabilityZones", "LaunchTemplate", "MaxSize", "MinSize")
    }
    if before:
        named = {"AutoScalingGroupName": before.id}
        api.call("autoscaling", "UpdateAutoScalingGroup", **named, **given)
        for each in _machines(api, before.id):
            api.call("ec2", "TerminateInstances", InstanceIds=[each])
        _machines(api, before.id)
        return before
    made = name
    tags = [
        each | {"ResourceId": made, "ResourceType": "auto-scaling-group"}
        for each in p.get("Tags", [])
    ]
    named = {"AutoScalingGroupName": made}
    api.call("autoscaling", "CreateAutoScalingGroup", **named, **given, Tags=tags)
    for metrics in p.get("MetricsCollection", []):
        api.call("autoscaling", "EnableMetricsCollection", **named, **metrics)
    return Made(made)


def _machines(api: Api, group: str) -> list[str]:
    found = api.call(
        "autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[group]
    )
    return [each["InstanceId"] for each in found["AutoScalingGroups"][0]["Instances"]]
