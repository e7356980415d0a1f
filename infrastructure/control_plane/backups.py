"""Names of backups."""

from __future__ import annotations

from datetime import UTC, datetime

from utils.aws.stack import StackOutputs


def name_of_now() -> str:
    """Return the file name of a backup that is made now."""
    return f"prefect-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"


def address_of_now(stack: StackOutputs) -> str:
    """Return the address of a backup that is made now, in the stack's bucket."""
    return f"s3://{stack['DumpBucketName']}/{name_of_now()}"
