"""Work pools and blocks of each part."""

from __future__ import annotations

import pytest

from blocks.parts import Part, managed_objects
from tests.samples.platform_stack import NAME
from utils.errors import ClearError


def labels(part: Part) -> list[str]:
    return [each.label for each in managed_objects(part, NAME)]


def test_dev_is_a_work_pool():
    assert labels("dev") == ["work pool dev"]


def test_production_has_blocks_after_those_they_refer_to(stack):
    production = labels("production")
    credentials = production.index("block aws-credentials/data-platform")
    assert credentials < production.index("block s3-bucket/data-lake")
    assert "work pool dev" not in production


def test_without_aws_an_error_names_the_part_that_needs_none(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(ClearError, match="`python -m blocks apply dev` needs no AWS"):
        managed_objects("production", NAME)
