"""The lake: a folder or a bucket, into which dlt loads files.

dlt's SQL on files would download an extension of DuckDB for a bucket, and read every file:
they are looked at as they are.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Iterator

import dlt
from dlt.destinations import filesystem
from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

from utils.destinations.destination_type import DestinationType
from utils.destinations.load_packages import pending_packages, tables_to_load
from utils.errors import ClearError
from utils.redaction.private_files import keep_private
from utils.settings.bucket_url import require_usable_bucket_url

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.destination.reference import AnyDestination_CO
    from dlt.common.pipeline import LoadInfo

logger = logging.getLogger(__name__)


class MissingBucket(ClearError):
    """The lake's bucket does not exist."""


class LakeClient(FilesystemClient):
    """dlt's client of files, which leaves a replaced table's files for `Filesystem.load`."""

    def should_truncate_table_before_load(self, table_name: str) -> bool:
        """Return False: the table would be empty until its new files are there."""
        return False


class LakeDestination(filesystem):
    """dlt's destination of files with the lake's client."""

    @property
    def client_class(self) -> type[FilesystemClient]:
        """Class of the client."""
        return LakeClient

    @property
    def destination_type(self) -> str:
        """dlt's name, so that its command line can open the pipelines, too."""
        return "dlt.destinations.filesystem"


class Filesystem(DestinationType):
    """A lake of Parquet files."""

    def create(self, name: str) -> AnyDestination_CO:
        """Return the destination of this name."""
        return LakeDestination(destination_name=name)

    def check_settings(self, destination: str) -> None:
        """Raise ConfigurationError for an address of no folder and no bucket."""
        require_usable_bucket_url(destination)

    def prepare_credentials(self, created: AnyDestination_CO) -> None:
        """Do nothing: a folder or bucket has no password in its address."""

    def is_set_up(self, pipeline: dlt.Pipeline) -> bool:
        """Return whether `create` made the pipeline's destination."""
        return isinstance(pipeline.destination, LakeDestination)

    @contextmanager
    def hold(self, pipeline: dlt.Pipeline) -> Iterator[None]:
        """Require the bucket, or keep the folder private; loads do not disturb each other.

        dlt would create the bucket, and protect nothing in it.

        Raises:
            MissingBucket: The bucket does not exist.
        """
        client: Any
        with pipeline.destination_client() as client:
            if client.is_local_filesystem:
                keep_private(client.dataset_path)
            bucket = client.bucket_path.partition("/")[0]
            if not client.is_local_filesystem and not client.fs_client.exists(bucket):
                raise MissingBucket(
                    f"There is no bucket {bucket}, or this role may not list it. Nothing"
                    " was loaded. Correct"
                    f" destination.{pipeline.destination.destination_name}.bucket_url, or"
                    " create it: infrastructure/data_lake.yml."
                )
        yield

    def load(self, pipeline: dlt.Pipeline) -> LoadInfo:
        """Load the pending packages; remove a replaced table's old files afterwards."""
        replaced = [
            (package.load_id, table)
            for package in pending_packages(pipeline)
            for table in tables_to_load(package, "replace")
        ]
        info = pipeline.load()
        for replaced_by, table in replaced:
            with _table_files(pipeline, table) as (files, client):
                for file in files:
                    if load_id(file) != replaced_by:
                        client.fs_client.rm_file(file)
        return info

    def last_load(self, pipeline: dlt.Pipeline) -> str | None:
        """Return number and id of the dataset's last complete load, None before the first."""
        # dlt writes _dlt_loads/<schema>__<load id>.jsonl last
        with _table_files(pipeline, "_dlt_loads") as (files, _):
            ids = [PurePosixPath(file).stem.rpartition("__")[2] for file in files]
        return f"{len(ids)}: {max(ids)}" if ids else None

    def rows_held(self, pipeline: dlt.Pipeline, table: str) -> int | None:
        """Return how many rows a replaced table has, None if there is no such table.

        Rows of its last load: a killed run may have left the files of the one before.
        """
        with _table_files(pipeline, table) as (files, client):
            last = max(map(load_id, files), default=None)
            of_last = [file for file in files if load_id(file) == last]
            read = [_read_whole_file(client, file, columns=[]) for file in of_last]
        return (
            sum(rows.num_rows for rows in read if rows is not None) if files else None
        )

    def prepare_replacement(self, pipeline: dlt.Pipeline, tables_are_new: bool) -> None:
        """Do nothing: files have one way into a table."""

    def how_to_look(self, place: str, dataset: str, table: str) -> str:
        """Return a command that shows a table's rows, or the address of its files."""
        files = f"{place}/{dataset}/{table}/*.parquet"
        if "://" in place:
            return files
        return (
            'uv run python -c "import duckdb;'
            f" duckdb.connect().read_parquet(r'{os.path.relpath(files)}').show()\""
        )


def read_columns(pipeline: dlt.Pipeline, table: str, columns: list[str]) -> pa.Table:
    """Read columns of a table's whole files; no rows before the first load.

    A file counts as soon as it is whole, even if dlt has not noted its load yet: whoever
    takes files from a lake does so when they arrive.
    """
    import pyarrow as pa

    with _table_files(pipeline, table) as (files, client):
        read = [_read_whole_file(client, file, columns) for file in files]
    found = [rows for rows in read if rows is not None]
    return (
        pa.concat_tables(found) if found else pa.table({name: [] for name in columns})
    )


def load_id(file: str) -> str:
    """Return the id of the load that brought a file."""
    # dlt names files <load id>.<file id>.parquet, and a load's id is 1795316523.2311006
    return ".".join(PurePosixPath(file).name.split(".")[:2])


def _read_whole_file(
    client: FilesystemClient, file: str, columns: list[str]
) -> pa.Table | None:
    """Read columns of a file, None if a killed run left a part of it."""
    import pyarrow as pa
    from pyarrow.parquet import read_table

    with client.fs_client.open(file) as content:
        try:
            return read_table(content, columns=columns)
        except pa.ArrowInvalid as error:
            logger.warning("%s cannot be read: %s", file, error)
            return None


@contextmanager
def _table_files(
    pipeline: dlt.Pipeline, table: str
) -> Iterator[tuple[list[str], FilesystemClient]]:
    """Yield a table's files, none before the first load, and a client that reads them."""
    from dlt.common.destination.exceptions import DestinationUndefinedEntity

    client: Any
    with pipeline.destination_client() as client:
        client.fs_client.invalidate_cache()
        try:
            files = client.list_table_files(table)
        except DestinationUndefinedEntity:
            files = []
        yield files, client


FILESYSTEM = Filesystem(
    "filesystem", drivers=("botocore",), place_prefix="file://", has_tables=False
)
