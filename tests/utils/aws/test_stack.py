"""The stack's outputs, and errors of what is missing."""

from __future__ import annotations

import pytest

from tests.samples.platform_stack import NAME, OUTPUTS, create_stack
from utils.aws.client import NotThere
from utils.aws.stack import StackOutputs
from utils.errors import ClearError


def test_its_outputs_are_read(aws):
    create_stack(aws)
    stack = StackOutputs.named(NAME)
    assert stack["ClusterArn"] == OUTPUTS["ClusterArn"]
    with pytest.raises(ClearError, match=f"{NAME} in .* has no output Nothing"):
        stack["Nothing"]


def test_a_stack_that_is_missing_is_named(aws):
    with pytest.raises(NotThere, match=f"There is no stack {NAME}"):
        StackOutputs.named(NAME)
