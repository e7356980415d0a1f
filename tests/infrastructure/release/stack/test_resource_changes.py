"""Changes of resources as a person reads them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infrastructure.release.apply import Application
from infrastructure.release.stack.losses import LOSSES
from infrastructure.release.stack.resource_changes import (
    Action,
    Kept,
    PropertyChange,
    ResourceChange,
    by_name,
    in_order,
    property_changes,
    reject_losses,
)
from tests.infrastructure.templates import EVERY_TEMPLATE, read
from utils.errors import ClearError

CIDR = PropertyChange("CidrBlock", "10.20.0.0/16", "10.30.0.0/16", "always")
TAG = PropertyChange("Tags.Name", "a", "b", "never")
# Types of the templates whose resources hold nothing that a new one would not have.
WITHOUT_DATA = {
    *("AWS::ApplicationAutoScaling::ScalableTarget", "AWS::CloudWatch::Alarm"),
    *("AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::Budgets::Budget"),
    *("AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::EIPAssociation"),
    *("AWS::EC2::Instance", "AWS::EC2::InternetGateway", "AWS::EC2::LaunchTemplate"),
    *("AWS::EC2::NatGateway", "AWS::EC2::NetworkInterface", "AWS::EC2::Route"),
    *("AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint"),
    *("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SubnetRouteTableAssociation"),
    *("AWS::EC2::VPCGatewayAttachment", "AWS::ECS::Service", "AWS::EFS::AccessPoint"),
    *("AWS::ECS::TaskDefinition", "AWS::EFS::MountTarget", "AWS::Events::Rule"),
    *("AWS::ElasticLoadBalancingV2::Listener", "AWS::IAM::InstanceProfile"),
    *("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::IAM::ManagedPolicy"),
    *("AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::IAM::OIDCProvider"),
    *("AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Logs::MetricFilter"),
    *("AWS::RDS::DBSubnetGroup", "AWS::Route53::RecordSet", "AWS::S3::BucketPolicy"),
    *("AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy"),
    "AWS::SSM::Parameter",
}


def change(kind: str, action: Action, *properties: Any, kept: Kept = "") -> str:
    return str(ResourceChange("It", kind, action, properties, kept))


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            change("AWS::EC2::VPC", "replace", TAG, CIDR),
            "It (AWS::EC2::VPC): replaced, because CidrBlock 10.20.0.0/16 ->"
            " 10.30.0.0/16; lost: the network, with all that is connected to it",
        ),
        (
            change("AWS::EC2::VPC", "update", TAG),
            "It (AWS::EC2::VPC): changed in place: Tags.Name a -> b",
        ),
        (
            change("AWS::IAM::Role", "may replace", CIDR),
            "It (AWS::IAM::Role): may be replaced, because CidrBlock 10.20.0.0/16 ->"
            " 10.30.0.0/16",
        ),
        (
            change("AWS::S3::Bucket", "delete", kept="whole"),
            "It (AWS::S3::Bucket): removed from the stack; AWS keeps outside the stack:"
            " the bucket, with its files",
        ),
        (
            change("AWS::RDS::DBInstance", "delete", kept="snapshot"),
            "It (AWS::RDS::DBInstance): deleted; lost, except a snapshot: the database,"
            " with all that is in it",
        ),
        (change("AWS::SQS::Queue", "create"), "It (AWS::SQS::Queue): created"),
        (
            change("AWS::IAM::Role", "update", TAG, TAG, TAG, TAG, TAG),
            "It (AWS::IAM::Role): changed in place: Tags.Name a -> b, Tags.Name a -> b,"
            " Tags.Name a -> b, and 2 more",
        ),
    ],
)
def test_the_text_of_a_resource(found: str, text: str):
    assert found == text


def test_long_values_and_several_lines_are_shortened():
    long = PropertyChange("UserData", "x" * 100, "one\n  two", "never")
    assert str(long) == f"UserData {'x' * 60}... -> one two"
    assert str(PropertyChange("UserData", "", "", "never")) == "UserData"


def test_what_is_lost_comes_first():
    changes = [
        ResourceChange("A", "AWS::IAM::Role", "delete"),
        ResourceChange("B", "AWS::SQS::Queue", "update"),
        ResourceChange("C", "AWS::SQS::Queue", "may replace"),
        ResourceChange("D", "AWS::EC2::VPC", "replace"),
    ]
    assert [each.name for each in in_order(changes)] == ["D", "C", "A", "B"]


def test_variables_and_tags_have_their_names_and_secrets_no_value():
    def properties(**values: str) -> dict[str, Any]:
        listed = [{"Name": name, "Value": each} for name, each in values.items()]
        return {"Properties": {"Containers": [{"Environment": listed}], "Cpu": 1}}

    before, after = properties(A="1", API_KEY="old"), properties(API_KEY="new", B="2")
    found = list(property_changes(before, after, lambda path: "never"))
    assert [str(each) for each in found] == [
        "Containers.0.Environment.API_KEY (secret) -> (secret, differs)",
        "Containers.0.Environment.B none -> 2",
        "Containers.0.Environment.A (not shown) -> none",
    ]
    assert by_name([{"Key": "a", "Value": "b"}]) == {"a": "b"}
    assert by_name([{"Name": "a", "Value": "b"}, "c"]) == [
        {"Name": "a", "Value": "b"},
        "c",
    ]


def test_a_property_with_a_function_is_told_once():
    before = {"Properties": {"Name": "a", "Names": {"Join": [",", ["a", "b"]]}}}
    after = {"Properties": {"Name": {"Ref": "b"}, "Names": {"Join": [",", ["c", "d"]]}}}
    found = list(property_changes(before, after, lambda path: "always"))
    assert [str(each) for each in found] == ["Name (not shown) -> b", "Names a -> c"]


def test_of_each_type_it_is_decided_whether_it_holds_data():
    kinds = {
        each["Type"]
        for path in EVERY_TEMPLATE
        for each in read(path)["Resources"].values()
    }
    assert kinds == set(LOSSES) | WITHOUT_DATA
    assert not WITHOUT_DATA.intersection(LOSSES)


def test_a_loss_is_refused_unless_it_is_named():
    logs = ResourceChange(
        "FlowLogs",
        "AWS::Logs::LogGroup",
        "replace",
        (PropertyChange("LogGroupName", "/shop/flows", "/shop/runs", "always"),),
    )
    queue = ResourceChange("Events", "AWS::SQS::Queue", "delete")
    others = [
        ResourceChange("New", "AWS::SQS::Queue", "create"),
        ResourceChange("Same", "AWS::SQS::Queue", "update"),
        ResourceChange("Role", "AWS::IAM::Role", "replace"),
    ]
    reject_losses("shop", others)
    reject_losses("shop", [logs, queue, *others], ("FlowLogs", "Events"))
    with pytest.raises(ClearError) as refused:
        reject_losses("shop", [logs, queue, *others])
    text = str(refused.value)
    assert f"\n  {logs}.\n  {queue}.\n" in text and "Nothing was changed" in text
    assert "/shop/flows -> /shop/runs; lost: all logs until now" in text
    assert text.endswith("run `apply --lose FlowLogs --lose Events`.")
    with pytest.raises(ClearError, match="apply --lose Events`"):
        reject_losses("shop", [logs, queue], ["FlowLogs"])


def test_a_rollback_that_would_lose_something_changes_nothing():
    logs = ResourceChange("Logs", "AWS::Logs::LogGroup", "may replace")
    plan: Any = SimpleNamespace(
        image=SimpleNamespace(build=False),
        stack=SimpleNamespace(name="shop"),
        stack_change=SimpleNamespace(resources=(logs,)),
        takes_back="0a1b",
    )
    client: Any = SimpleNamespace()
    with pytest.raises(ClearError, match="Logs .*: may be replaced; lost: all logs"):
        Application(plan, client, print).begin()
