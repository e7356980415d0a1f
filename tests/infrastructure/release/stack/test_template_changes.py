"""Changes of resources by the schemas, where the table of changes has no example."""

from __future__ import annotations

import pytest

from infrastructure.release.stack import PlatformStack
from infrastructure.release.stack.template_changes import template_changes

OLD = """\
Parameters:
  Delay: {Type: String, Default: "1"}
Conditions:
  Slow: !Equals [!Ref Delay, "2"]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    UpdateReplacePolicy: Delete
    Properties: {QueueName: a, DelaySeconds: !Ref Delay}
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: postgres}
  Custom:
    Type: Custom::Thing
    Properties: {Of: !GetAtt Queue.Arn, Url: !Sub "https://${Queue}"}
"""


def changes(*edit: str, **parameters: str) -> list[str]:
    """Return the texts of what an edit changes."""
    new = OLD
    for old, text in zip(edit[::2], edit[1::2]):
        assert old in new
        new = new.replace(old, text)
    stack = PlatformStack("shop", "UPDATE_COMPLETE", OLD, {"Delay": "1"} | parameters)
    return [str(each) for each in template_changes(stack, new) or ()]


def test_each_policy_has_its_case():
    queue, custom = OLD.index("  Queue:\n"), OLD.index("  Custom:\n")
    old = OLD[queue : OLD.index("  Database:\n")]
    assert changes(old, "", OLD[custom:], "") == [
        "Queue (AWS::SQS::Queue): removed from the stack; AWS keeps outside the stack:"
        " messages that nobody has read yet",
        "Custom (Custom::Thing): deleted",
    ]
    renamed, other = changes("QueueName: a", "QueueName: b")
    assert renamed.endswith("QueueName a -> b; lost: messages that nobody has read yet")
    assert other == (
        "Custom (Custom::Thing): changed in place: Of Queue -> the new Queue, Url Queue ->"
        " the new Queue"
    )
    policy = ("UpdateReplacePolicy: Delete", "UpdateReplacePolicy: Snapshot")
    renamed, _ = changes("QueueName: a", "QueueName: b", *policy)
    assert renamed.endswith(
        "; lost, except a snapshot: messages that nobody has read yet"
    )


def test_of_a_database_without_a_policy_aws_makes_a_snapshot():
    text = "  Database:\n    Type: AWS::RDS::DBInstance\n"
    text += "    Properties: {Engine: postgres}\n"
    (gone,) = changes(text, "")
    assert "): deleted; lost, except a snapshot: the database" in gone
    (renamed,) = changes("{Engine: postgres}", "{Engine: postgres, DBName: a}")
    assert "DBName none -> a; lost: the database" in renamed


def test_another_type_is_another_resource():
    found, _ = changes("AWS::SQS::Queue", "AWS::SNS::Topic")
    assert found.startswith("Queue (AWS::SNS::Topic): replaced")


@pytest.mark.parametrize(
    "new",
    [
        "{QueueName: a, DelaySeconds: !If [Slow, 2, !Ref Delay]}",
        "{QueueName: !If [Slow, b, a], DelaySeconds: !Ref Delay}",
        "{QueueName: a, DelaySeconds: !Ref Delay, Tags: !Ref AWS::NoValue}",
        '{QueueName: !Join ["", [a]], DelaySeconds: "1"}',
        "{QueueName: a, DelaySeconds: {Ref: Delay}}",
    ],
)
def test_another_text_of_the_same_value_is_no_change(new):
    assert changes("{QueueName: a, DelaySeconds: !Ref Delay}", new) == []


def test_a_parameter_keeps_its_value_and_a_new_one_has_its_default():
    assert changes('Default: "1"', 'Default: "9"') == []
    new = 'Delay: {Type: String}\n  Other: {Type: String, Default: "7"}'
    old = 'Delay: {Type: String, Default: "1"}'
    found = changes(old, new, "DelaySeconds: !Ref Delay", "DelaySeconds: !Ref Other")
    assert found == ["Queue (AWS::SQS::Queue): changed in place: DelaySeconds 1 -> 7"]
