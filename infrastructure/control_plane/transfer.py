"""Moves a backup between a file and S3, in a task of prefect_server_ecs.yml.

`python -m infrastructure.control_plane.transfer upload|download FILE s3://bucket/key`
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3


def transfer(direction: str, file: Path, address: str) -> None:
    """Upload or download a backup.

    Args:
        direction: "upload" or "download".
        file: File of this machine.
        address: Address in S3, with its bucket.
    """
    url = urlsplit(address)
    bucket = boto3.resource("s3").Bucket(url.netloc)
    if direction == "upload":
        bucket.upload_file(str(file), url.path[1:])
    else:
        bucket.download_file(url.path[1:], str(file))


if __name__ == "__main__":
    transfer(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
