"""Lakes for exports, with readable files: a local folder and a bucket in S3."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from tests.fakes.aws import Aws

BUCKET = "data-lake"


class Lake(Protocol):
    """Lake with finished files, and unfinished ones that readers do not see."""

    address: str

    def files(self) -> dict[str, bytes]:
        """Return the files' content by path."""

    def unfinished(self) -> list[str]:
        """Return an interrupted writer's files, which readers do not see."""


class LocalLake:
    """Lake in a folder."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self._folder = folder

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self._folder)): path.read_bytes()
            for path in self._folder.rglob("*")
            if path.is_file() and path.suffix != ".part"
        }

    def unfinished(self) -> list[str]:
        return [str(path) for path in self._folder.rglob("*.part")]


class S3Lake:
    """Lake in a new, empty bucket."""

    def __init__(self, aws: Aws) -> None:
        self.address = f"{aws.new_bucket(BUCKET)}/lake"
        self._s3: Any = aws.client("s3")

    def files(self) -> dict[str, bytes]:
        objects = self._s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            each["Key"].removeprefix("lake/"): self._read(each["Key"])
            for each in objects
        }

    def _read(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def unfinished(self) -> list[str]:
        uploads = self._s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [each["Key"] for each in uploads]
