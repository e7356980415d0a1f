"""Blocks of AWS, from the stack's outputs."""

from __future__ import annotations

from blocks.aws_blocks import aws_credentials, data_lake
from tests.fakes.aws import REGION
from tests.samples.platform_stack import STACK


def test_credentials_have_no_keys():
    assert aws_credentials(STACK).wanted == {"region_name": REGION}


def test_the_lake_is_the_stacks_bucket_with_these_credentials():
    assert data_lake(STACK).wanted == {
        "bucket_name": "the-lake",
        "credentials": "aws-credentials/data-platform",
    }
