"""Change sets of CloudFormation, in the shapes that people have published of AWS's answers."""

from __future__ import annotations

import json
from typing import Any

from infrastructure.release.stack.change_set import read_changes

KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


def detail(
    name: str,
    recreates: str,
    source: str = "DirectModification",
    entity: str = "",
    evaluation: str = "Static",
) -> dict[str, Any]:
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreates}
    cause = {"CausingEntity": entity} if entity else {}
    return {
        "Target": target,
        "Evaluation": evaluation,
        "ChangeSource": source,
    } | cause


def listed(
    name: str,
    kind: str,
    action: str = "Modify",
    *details: dict[str, Any],
    before: Any = None,
    after: Any = None,
    **more: str,
) -> dict[str, Any]:
    contexts = {
        f"{when}Context": json.dumps({"Properties": values})
        for when, values in (("Before", before), ("After", after))
        if values
    }
    found = {"LogicalResourceId": name, "ResourceType": kind, "Action": action}
    return {
        "Type": "Resource",
        "ResourceChange": found | {"Details": [*details]} | contexts | more,
    }


def texts(*changes: dict[str, Any]) -> list[str]:
    return [str(each) for each in read_changes(changes)]


def test_a_nat_gateway_whose_subnet_is_known_later():
    """https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2113."""
    change = listed(
        "NAT",
        "AWS::EC2::NatGateway",
        "Modify",
        detail("SubnetId", "Always", "ResourceReference", "Subnet"),
        before={"SubnetId": "subnet-1"},
        after={"SubnetId": KNOWN_LATER},
        Replacement="True",
        PolicyAction="ReplaceAndDelete",
    )
    assert texts(change) == [
        "NAT (AWS::EC2::NatGateway): replaced, because SubnetId subnet-1 ->"
        " (known after the update)"
    ]


def test_a_table_and_what_refers_to_it():
    """Also refers to a role that is changed in place, which AWS lists as dynamic."""
    role = detail("Role", "Always", "ResourceAttribute", "Role.Arn", "Dynamic")
    changes = [
        listed(
            "Bucket",
            "AWS::S3::Bucket",
            "Modify",
            detail("BucketName", "Always", evaluation="Dynamic"),
            detail("BucketName", "Always", "ParameterReference", "Name"),
            before={"BucketName": "a"},
            after={"BucketName": "b"},
            Replacement="True",
            PolicyAction="ReplaceAndRetain",
        ),
        listed(
            "Function",
            "AWS::Lambda::Function",
            "Modify",
            role,
            detail("Memory", "Never", "ResourceReference", "Bucket"),
            before={"Role": "arn", "Memory": "a"},
            after={"Role": KNOWN_LATER, "Memory": KNOWN_LATER},
            Replacement="Conditional",
        ),
        listed(
            "Role",
            "AWS::IAM::Role",
            "Modify",
            detail("Policies", "Never", "ResourceReference", "Bucket"),
            before={"Policies": "a"},
            after={"Policies": "b"},
            Replacement="False",
        ),
        listed(
            "Alias",
            "AWS::Lambda::Alias",
            "Modify",
            role,
            detail("Of", "Always", "ResourceReference", "Function", "Dynamic"),
            before={"Role": "arn", "Of": "f"},
            after={"Role": KNOWN_LATER, "Of": KNOWN_LATER},
            Replacement="Conditional",
        ),
    ]
    assert texts(*changes) == [
        "Bucket (AWS::S3::Bucket): replaced, because BucketName a -> b; AWS keeps outside"
        " the stack: the bucket, with its files",
        "Function (AWS::Lambda::Function): changed in place: Memory a -> (known after the"
        " update)",
        "Role (AWS::IAM::Role): changed in place: Policies a -> b",
    ]


def test_a_version_changes_with_an_update_in_place():
    changes = [
        listed(
            "Template",
            "AWS::EC2::LaunchTemplate",
            "Modify",
            detail("LaunchTemplateData", "Never"),
            before={"LaunchTemplateData": "(Truncated-Signature):1a"},
            after={"LaunchTemplateData": "(Truncated-Signature):2b"},
            Replacement="False",
        ),
        listed(
            "Group",
            "AWS::AutoScaling::AutoScalingGroup",
            "Modify",
            detail(
                *("LaunchTemplate", "Conditionally", "ResourceAttribute"),
                *("Template.LatestVersionNumber", "Dynamic"),
            ),
            before={"LaunchTemplate": {"Version": "1"}},
            after={"LaunchTemplate": {"Version": KNOWN_LATER}},
            Replacement="Conditional",
        ),
    ]
    assert texts(*changes) == [
        "Group (AWS::AutoScaling::AutoScalingGroup): may be replaced, because"
        " LaunchTemplate.Version 1 -> (known after the update)",
        "Template (AWS::EC2::LaunchTemplate): changed in place: LaunchTemplateData"
        " (too long to show) -> (too long to show)",
    ]


def test_resources_that_come_and_go():
    changes = [
        listed("A", "AWS::SQS::Queue", "Add", after={"DelaySeconds": "1"}),
        listed("B", "AWS::EC2::EIP", "Remove", PolicyAction="Retain"),
        listed("C", "AWS::RDS::DBInstance", "Remove", PolicyAction="Snapshot"),
        listed("D", "AWS::SQS::Queue", "Dynamic"),
    ]
    found = read_changes(changes)
    assert [(each.name, each.action, each.kept) for each in found] == [
        ("B", "delete", "whole"),
        ("C", "delete", "snapshot"),
        ("D", "may replace", ""),
        ("A", "create", ""),
    ]
    assert not any(each.properties for each in found)


def test_without_contexts_the_properties_have_names_alone():
    change = listed(
        "Task",
        "AWS::ECS::TaskDefinition",
        "Modify",
        detail("Cpu", "Always"),
        Replacement="True",
        AfterContext="{too long",
    )
    assert texts(change) == [
        "Task (AWS::ECS::TaskDefinition): a new revision, because Cpu"
    ]


def test_a_parameter_that_leaves_a_property_as_it_is():
    change = listed(
        "Role",
        "AWS::IAM::Role",
        "Modify",
        detail("Policies", "Never", "ParameterReference", "ImageUri"),
        before={"Policies": "a"},
        after={"Policies": "a"},
        Replacement="False",
    )
    assert texts(change) == []


def test_policies_and_metadata_are_attributes():
    target = {"Attribute": "DeletionPolicy", "RequiresRecreation": "Never"}
    change = listed(
        "Topic",
        "AWS::SNS::Topic",
        "Modify",
        {
            "Target": target,
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        },
        Replacement="False",
        BeforeContext=json.dumps({"Properties": {}, "DeletionPolicy": "Retain"}),
        AfterContext=json.dumps({"Properties": {}, "DeletionPolicy": "Delete"}),
    )
    assert texts(change) == [
        "Topic (AWS::SNS::Topic): changed in place: DeletionPolicy Retain -> Delete"
    ]
