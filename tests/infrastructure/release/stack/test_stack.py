"""Differences between the stack and a commit's template."""

from __future__ import annotations

from infrastructure.release.stack import PlatformStack, StackChange

TEMPLATE = """\
Parameters:
  ImageUri: {Type: String}
  WorkPoolName: {Type: String, Default: production}
Resources:
  Queue: {Type: AWS::SQS::Queue}  # A comment.
"""
STACK = PlatformStack.made_from("shop", TEMPLATE, "registry/shop:1")


def changed(old: str, new: str, image: str = "registry/shop:1") -> dict[str, str]:
    """Return the new values that a change of the template causes, by their fields."""
    found = StackChange.of(STACK, TEMPLATE.replace(old, new), image)
    return {each.field: each.new for each in found.differences}


def test_parameters_have_defaults_and_the_image():
    assert STACK.worker_image == "registry/shop:1"
    assert STACK.work_pool == "production"


def test_only_resources_and_the_image_are_compared():
    assert changed("# A comment.", "# Another one.") == {}
    assert changed("Default: production", "Default: other") == {}
    assert changed("SQS::Queue", "SNS::Topic") == {
        "Resources.Queue.Type": "AWS::SNS::Topic"
    }
    assert changed("", "", "registry/shop:2") == {"ImageUri": "registry/shop:2"}
