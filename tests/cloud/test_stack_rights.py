"""Rights of a stack: its role's, or those of the role that made it."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow

QUEUES = "arn:aws:sqs:eu-central-1:123456789012"


def test_a_stack_may_do_what_its_role_may(cloud, role, enforced):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "stacks-own"}}
    template = json.dumps({"Resources": {"Queue": queue}})
    manage = {"Action": ["sqs:CreateQueue", "sqs:DeleteQueue"]}

    role.may(manage | {"Resource": f"{QUEUES}:another"})
    with pytest.raises(RuntimeError, match="judged/.*not authorized.*sqs:CreateQueue"):
        cloud.create_stack("own", template, role.arn)
    cloud.delete_stack("own")
    role.may(manage | {"Resource": f"{QUEUES}:stacks-own"})
    cloud.create_stack("own", template, role.arn)
    cloud.delete_stack("own")
    assert cloud.calls(action="DeleteQueue", who="judged")


def test_a_stack_without_a_role_may_do_what_its_caller_may(cloud, role, enforced):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "callers-own"}}
    stack = {
        "StackName": "callers",
        "TemplateBody": json.dumps({"Resources": {"Q": queue}}),
    }
    role.may({"Action": "cloudformation:CreateStack", "Resource": "*"})
    assert role.tries("cloudformation", "create_stack", **stack) == ""
    with pytest.raises(RuntimeError, match="judged/.*not authorized.*sqs:CreateQueue"):
        cloud.outputs("callers")
    cloud.delete_stack("callers")
    role.may({"Action": ["cloudformation:CreateStack", "sqs:*"], "Resource": "*"})
    assert role.tries("cloudformation", "create_stack", **stack) == ""
    cloud.outputs("callers")
    cloud.delete_stack("callers")
