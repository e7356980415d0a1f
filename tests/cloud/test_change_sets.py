"""CloudFormation: what a change set says, and when it cannot be executed."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.cloud.conftest import TRUST

pytestmark = pytest.mark.slow

NAME = "told"
TEMPLATE = {
    "Parameters": {
        "Delay": {"Type": "String", "Default": "1"},
        "With": {"Type": "String", "Default": "yes"},
    },
    "Conditions": {"IsWith": {"Fn::Equals": [{"Ref": "With"}, "yes"]}},
    "Resources": {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"QueueName": "told-1", "DelaySeconds": {"Ref": "Delay"}},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "Description": {"Fn::Sub": "Reads ${Queue}."},
            },
        },
        "Metric": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Logs"},
                "FilterPattern": "x",
                "MetricTransformations": [
                    {"MetricName": "m", "MetricNamespace": "n", "MetricValue": "1"}
                ],
            },
        },
        "Logs": {"Type": "AWS::Logs::LogGroup", "UpdateReplacePolicy": "Retain"},
        "Kept": {
            "Type": "AWS::SQS::Queue",
            "Condition": "IsWith",
            "DeletionPolicy": "Retain",
        },
    },
    "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}},
}


@pytest.fixture
def client(cloud) -> Iterator[Any]:
    cloud.create_stack(NAME, json.dumps(TEMPLATE))
    client = cloud.client("cloudformation")
    listed = client.list_stack_resources(StackName=NAME)["StackResourceSummaries"]
    kept = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}
    yield client
    cloud.delete_stack(NAME)
    cloud.client("sqs").delete_queue(QueueUrl=kept["Kept"])


def edited(**resources: Any) -> dict[str, Any]:
    """Return the template with other properties of resources, or without a resource."""
    template = json.loads(json.dumps(TEMPLATE))
    for name, properties in resources.items():
        if properties is None:
            del template["Resources"][name]
        else:
            there = template["Resources"][name]
            there["Properties"] = there.get("Properties", {}) | properties
    return template


def made(client: Any, name: str, template: dict[str, Any], **parameters: str) -> None:
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
    client.create_change_set(
        StackName=NAME,
        ChangeSetName=name,
        ChangeSetType="UPDATE",
        TemplateBody=json.dumps(template),
        Parameters=given,
        Capabilities=["CAPABILITY_IAM"],
    )


def changes(client: Any, name: str, values: bool = True) -> dict[str, Any]:
    found = client.describe_change_set(
        StackName=NAME, ChangeSetName=name, IncludePropertyValues=values
    )
    listed = [each["ResourceChange"] for each in found["Changes"]]
    return {each["LogicalResourceId"]: each for each in listed}


def test_a_name_replaces_a_queue_and_not_the_role_that_reads_it(client):
    made(client, "rename", edited(Queue={"QueueName": "told-2"}))
    found = changes(client, "rename")
    queue, role = found.pop("Queue"), found.pop("Role")
    assert not found
    assert (queue["Action"], queue["Replacement"]) == ("Modify", "True")
    assert (queue["PolicyAction"], queue["Scope"]) == (
        "ReplaceAndDelete",
        ["Properties"],
    )
    assert queue["Details"] == [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "QueueName",
                "RequiresRecreation": "Always",
                "Path": "/Properties/QueueName",
                "BeforeValue": "told-1",
                "AfterValue": "told-2",
                "AttributeChangeType": "Modify",
            },
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
    ]
    before, after = (
        json.loads(queue[f"{each}Context"]) for each in ("Before", "After")
    )
    assert before == {"Properties": {"QueueName": "told-1", "DelaySeconds": "1"}}
    assert after == {"Properties": {"QueueName": "told-2", "DelaySeconds": "1"}}
    assert role["Replacement"] == "False"
    direct, cause = role["Details"]
    assert direct["Evaluation"] == "Dynamic"
    assert (cause["ChangeSource"], cause["CausingEntity"]) == (
        "ResourceReference",
        "Queue",
    )
    assert "KNOWN_AFTER_APPLY" in cause["Target"]["AfterValue"]

    short = changes(client, "rename", values=False)["Queue"]
    assert short["Details"][0]["Target"] == {
        "Attribute": "Properties",
        "Name": "QueueName",
        "RequiresRecreation": "Always",
    }
    assert "BeforeContext" not in short

    client.execute_change_set(StackName=NAME, ChangeSetName="rename")
    (stack,) = client.describe_stacks(StackName=NAME)["Stacks"]
    assert stack["Outputs"][0]["OutputValue"].endswith("/told-2")


def test_a_parameter_is_a_cause(client):
    made(client, "slower", TEMPLATE, Delay="2", With="yes")
    direct, cause = changes(client, "slower")["Queue"]["Details"]
    assert (direct["Evaluation"], cause["Evaluation"]) == ("Dynamic", "Static")
    assert (cause["ChangeSource"], cause["CausingEntity"]) == (
        "ParameterReference",
        "Delay",
    )


def test_what_refers_to_a_new_log_group_is_replaced_and_the_old_one_stays(
    client, cloud
):
    logs = cloud.client("logs")
    before = {each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]}
    made(client, "logs", edited(Logs={"LogGroupName": "told"}))
    found = changes(client, "logs")
    assert found["Logs"]["PolicyAction"] == "ReplaceAndRetain"
    assert found["Metric"]["Replacement"] == "True"
    client.execute_change_set(StackName=NAME, ChangeSetName="logs")
    after = {each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]}
    assert after == before | {"told"}
    (old,) = [each for each in before if each.startswith("told-Logs")]
    logs.delete_log_group(logGroupName=old)


def test_resources_come_and_go_with_a_condition(client):
    made(client, "without", edited(Metric=None), With="no", Delay="1")
    found = changes(client, "without")
    assert {name: each["Action"] for name, each in found.items()} == {
        "Metric": "Remove",
        "Kept": "Remove",
    }
    assert found["Kept"]["PolicyAction"] == "Retain"
    assert found["Metric"]["PolicyAction"] == "Delete"


def test_a_change_set_without_a_change_fails(client):
    unused = TEMPLATE | {
        "Conditions": TEMPLATE["Conditions"] | {"Never": {"Fn::Equals": ["a", "b"]}}
    }
    made(client, "nothing", unused)
    with pytest.raises(WaiterError, match="FAILED"):
        client.get_waiter("change_set_create_complete").wait(
            StackName=NAME, ChangeSetName="nothing"
        )
    found = client.describe_change_set(StackName=NAME, ChangeSetName="nothing")
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in found["StatusReason"]

    made(client, "output", TEMPLATE | {"Outputs": {"A": {"Value": "b"}}})
    found = client.describe_change_set(StackName=NAME, ChangeSetName="output")
    assert found["Status"] == "CREATE_COMPLETE"


@pytest.mark.parametrize("how", ["a change set", "an update"])
def test_a_change_set_is_void_after(client, how):
    made(client, "older", edited(Queue={"DelaySeconds": "3"}))
    newer = edited(Queue={"DelaySeconds": "4"})
    if how == "an update":
        client.update_stack(
            StackName=NAME,
            TemplateBody=json.dumps(newer),
            Capabilities=["CAPABILITY_IAM"],
        )
    else:
        made(client, "newer", newer)
        client.execute_change_set(StackName=NAME, ChangeSetName="newer")

    found = client.describe_change_set(StackName=NAME, ChangeSetName="older")
    assert found["ExecutionStatus"] == "OBSOLETE"
    with pytest.raises(ClientError, match=r"current execution status of \[OBSOLETE\]"):
        client.execute_change_set(StackName=NAME, ChangeSetName="older")
