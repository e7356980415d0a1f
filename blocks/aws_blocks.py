"""The blocks of AWS: who one is there, and the data lake's bucket."""

from __future__ import annotations

from blocks.block_documents import BlockDocument
from utils.aws.stack import Stack


def aws_credentials(stack: Stack) -> BlockDocument:
    """No keys: a flow's task has its role, a laptop the profile of its user."""
    return BlockDocument(
        "aws-credentials", "data-platform", {"region_name": stack.region}
    )


def data_lake(stack: Stack) -> BlockDocument:
    """The bucket that flows write to."""
    data = {"bucket_name": stack["LakeBucketUrl"].removeprefix("s3://")}
    return BlockDocument(
        "s3-bucket", "data-lake", data, {"credentials": aws_credentials(stack)}
    )
