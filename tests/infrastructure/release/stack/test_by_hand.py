"""Stacks that a person deploys, compared with a commit's templates."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from infrastructure.release.stack import PlatformStack, by_hand
from infrastructure.release.stack.by_hand import (
    TEMPLATES,
    StackByHand,
    reject_missing_rights,
)
from tests.repository.tree import ROOT
from utils.aws.client import AwsUnavailable, NotThere
from utils.errors import ClearError


def text(end: str) -> str:
    return (ROOT / TEMPLATES[end][0]).read_text()


def compared(end: str, old: str = "", new: str = "", **values: str) -> StackByHand:
    """Compare a stack as it is here with an edited template."""
    stack = PlatformStack.made_from(f"shop-{end}", text(end), "")
    stack = replace(stack, parameters={**stack.parameters, **values})
    assert old in text(end)
    return StackByHand.of(stack, end, text(end).replace(old, new, 1))


def test_a_stack_as_in_the_commit_has_no_differences():
    for end in TEMPLATES:
        found = compared(end)
        assert (found.differences, found.resources, found.new_rights) == ((), (), ())
        assert not found


def test_the_command_is_that_of_the_readme():
    readme = (ROOT / "infrastructure" / "README.md").read_text()
    for end in TEMPLATES:
        words = shlex.split(compared(end).command.replace("shop-", "data-platform-"))
        assert words[:3] == ["aws", "cloudformation", "deploy"]
        line = " ".join(words)
        assert line in readme


def test_a_network_with_another_range():
    found = compared("foundation", "CidrBlock: !Ref VpcCidr", "CidrBlock: 10.9.0.0/16")
    assert found.resources
    assert str(found.resources[0]).startswith(
        "Vpc (AWS::EC2::VPC): replaced, because CidrBlock 10.20.0.0/16 -> 10.9.0.0/16;"
    )


def test_the_parameters_of_the_stack_decide_its_conditions():
    edit = ("MetricName: ErrorPortAllocation", "MetricName: Other")
    found = compared("foundation", *edit, NatKind="gateway")
    assert found.resources and found.resources[0].name == "NatGatewayOutOfPorts"
    found = compared("foundation", *edit, NatKind="instance")
    assert found.resources == () and found.differences


def test_a_stack_that_is_not_there_or_may_not_be_read_is_no_error(monkeypatch):
    def answered(error: Exception) -> StackByHand:
        def named(name: str) -> PlatformStack:
            raise error

        monkeypatch.setattr(by_hand.PlatformStack, "named", named)
        return StackByHand.read("shop", "lake", text("lake"))

    assert answered(NotThere("x")).unknown == "There is no such stack."
    assert answered(ClearError("AWS refuses it.")).unknown == "AWS refuses it."
    with pytest.raises(AwsUnavailable):
        answered(AwsUnavailable("No network."))


def test_new_rights_of_roles():
    old = "                  - cloudformation:ExecuteChangeSet\n"
    more = f"{old}                  - cloudformation:CancelUpdateStack\n"
    found = compared("deploy", old, more)
    assert found.new_rights == ("cloudformation:CancelUpdateStack of DeployRole",)
    with pytest.raises(ClearError) as refused:
        reject_missing_rights("shop", (compared("lake"), found))
    said = str(refused.value)
    assert "cloudformation:CancelUpdateStack of DeployRole" in said
    assert said.endswith(f"\n  {found.command}")

    fewer = compared("deploy", old, "")
    assert fewer.differences and not fewer.new_rights
    reject_missing_rights("shop", (fewer, compared("lake")))


def test_an_action_that_a_role_has_by_a_pattern_is_not_new():
    stack = PlatformStack.made_from("shop-deploy", text("deploy"), "")
    wide = stack.template.replace("- ecs:CreateService", "- ecs:*")
    assert wide != stack.template
    stack = replace(stack, template=wide)
    assert StackByHand.of(stack, "deploy", text("deploy")).new_rights == ()


def test_without_the_schemas_the_resources_are_unknown(monkeypatch):
    def nowhere(package: str) -> None:
        raise ModuleNotFoundError(package)

    monkeypatch.setattr("infrastructure.release.stack.template_changes.files", nowhere)
    found = compared("lake", "NoncurrentDays: 30", "NoncurrentDays: 60")
    assert found.resources is None
    assert [each.field.split(".")[:2] for each in found.differences] == [
        ["Resources", "Bucket"]
    ]
