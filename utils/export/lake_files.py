"""Files written into the lake: a reader sees a file whole, or not at all."""

from __future__ import annotations

import glob
import logging
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Iterator
from uuid import uuid4

from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.storages.configuration import FilesystemConfigurationWithLocalFiles

from utils.errors import ClearError
from utils.settings.bucket_url import require_usable_bucket_url
from utils.settings.dataset_layout import dataset_layout

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

logger = logging.getLogger(__name__)

# S3 takes 10,000 parts: files of up to 160 GB.
PART_BYTES = 16 * 2**20
# Longer than any run: a killed one left the parts that are older.
SECONDS_UNTIL_ABANDONED = 24 * 60 * 60


class LakeError(ClearError):
    """A file cannot be written. The one before is left unchanged."""


@dataclass(frozen=True)
class LakeFolder:
    """A folder in the lake."""

    filesystem: AbstractFileSystem
    path: str

    @property
    def is_local(self) -> bool:
        """True for a folder on this machine, False for S3."""
        return "file" in self.filesystem.protocol

    def address(self, name: str) -> str:
        """Return where people find a file: its path, or `s3://...`."""
        path = f"{self.path}/{name}"
        return path if self.is_local else self.filesystem.unstrip_protocol(path)

    @contextmanager
    def whole_file(self, name: str) -> Iterator[BinaryIO]:
        """Yield a file to write, which appears or replaces the one before once it is whole.

        Raises:
            LakeError: The file cannot be written.
        """
        try:
            if self.is_local:
                writing = _local_file(Path(self.path, name))
            else:
                writing = _s3_object(self.filesystem, f"{self.path}/{name}")
            with writing as file:
                yield file
        except _errors_of_filesystems() as error:
            raise LakeError(
                f"{self.address(name)} cannot be written: {error}. The file before is"
                " left unchanged."
            ) from error


def lake_folder(dataset: str) -> LakeFolder:
    """Return a dataset's folder in the destination `lake`, named for the environment."""
    from dlt.common.storages.fsspec_filesystem import fsspec_from_config

    require_usable_bucket_url("lake")
    config = resolve_configuration(
        FilesystemConfigurationWithLocalFiles(), sections=("destination", "lake")
    )
    filesystem, path = fsspec_from_config(config)
    return LakeFolder(filesystem, f"{path}/{dataset_layout() % dataset}")


@contextmanager
def _local_file(path: Path) -> Iterator[BinaryIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned_parts(path)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _remove_abandoned_parts(path: Path) -> None:
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        if time.time() - part.stat().st_mtime > SECONDS_UNTIL_ABANDONED:
            part.unlink(missing_ok=True)


@contextmanager
def _s3_object(filesystem: AbstractFileSystem, path: str) -> Iterator[BinaryIO]:
    # With `autocommit`, and in PyArrow always, leaving the block after an error would
    # complete the upload: half a file. Here only commit() shows it.
    file = filesystem.open(path, "wb", block_size=PART_BYTES, autocommit=False)
    try:
        yield file
        file.close()
        file.commit()
    except BaseException:
        _discard(file)
        raise


def _discard(file: Any) -> None:
    """Abort the upload of fsspec's file."""
    try:
        file.close()
        file.discard()
    except Exception as error:
        # as after a kill: nobody sees the parts, but they are paid for
        logger.warning(
            "Parts of %s may be left. The bucket's lifecycle should abort incomplete"
            " uploads: %s",
            *(file.full_name, error),
        )


def _errors_of_filesystems() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError

    return OSError, BotoCoreError
