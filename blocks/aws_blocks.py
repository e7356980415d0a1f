"""Blocks of AWS: its credentials, and the data lake's bucket."""

from __future__ import annotations

from blocks.block_documents import BlockDocument
from utils.aws.stack import StackOutputs


def aws_credentials(stack: StackOutputs) -> BlockDocument:
    """Return the block of AWS credentials, without keys.

    A flow's task uses its role, a laptop its user's profile.
    """
    return BlockDocument(
        "aws-credentials", "data-platform", {"region_name": stack.region}
    )


def data_lake(stack: StackOutputs) -> BlockDocument:
    """Return the block of the bucket that flows write to."""
    data = {"bucket_name": stack["LakeBucketUrl"].removeprefix("s3://")}
    return BlockDocument(
        "s3-bucket", "data-lake", data, {"credentials": aws_credentials(stack)}
    )
