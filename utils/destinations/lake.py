"""A dataset of files: which loads and rows it has, and how a table in it is replaced.

Files are looked at as they are. dlt's SQL on them would download an extension of DuckDB
for a bucket, and read every file.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Iterator

import dlt
from dlt.common.pipeline import LoadInfo

from utils.destinations.kind import kind_of
from utils.destinations.load_packages import tables_to_load, waiting_packages
from utils.errors import ClearError

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.destinations.impl.filesystem.filesystem import FilesystemClient


logger = logging.getLogger(__name__)


class MissingBucket(ClearError):
    """The lake's bucket does not exist."""


def is_lake(pipeline: dlt.Pipeline) -> bool:
    """Whether the pipeline's destination is a folder or a bucket."""
    return kind_of(pipeline) == "filesystem"


def noted_loads(pipeline: dlt.Pipeline) -> list[str]:
    """Ids of the loads that are complete."""
    # dlt writes _dlt_loads/<schema>__<load id>.jsonl last
    with _files(pipeline, "_dlt_loads") as (files, _):
        return [PurePosixPath(file).stem.rpartition("__")[2] for file in files]


def require_bucket(pipeline: dlt.Pipeline) -> None:
    """Raise MissingBucket instead of making one, in which nothing is protected."""
    if not is_lake(pipeline):
        return
    client: Any
    with pipeline.destination_client() as client:
        bucket = client.bucket_path.partition("/")[0]
        if not client.is_local_filesystem and not client.fs_client.exists(bucket):
            raise MissingBucket(
                f"There is no bucket {bucket}, or this role may not list it. Nothing was"
                f" loaded. Correct destination.{pipeline.destination.destination_name}"
                ".bucket_url, or create it: infrastructure/data_lake.yml."
            )


def rows_in_lake(pipeline: dlt.Pipeline, table: str) -> int | None:
    """How many rows a table has that is replaced, None if there is no such table.

    Those of the last load: a run that was killed may not have removed the files before.
    """
    with _files(pipeline, table) as (files, client):
        last = max(map(_load_id, files), default=None)
        of_last = [file for file in files if _load_id(file) == last]
        read = [_whole(client, file, columns=[]) for file in of_last]
    return sum(rows.num_rows for rows in read if rows is not None) if files else None


def read_columns(pipeline: dlt.Pipeline, table: str, columns: list[str]) -> pa.Table:
    """Some columns of the table's whole files, no rows before the first load.

    A file counts as soon as it is whole, whether dlt has noted its load or not: whoever
    takes files from a lake does so when they arrive.
    """
    import pyarrow as pa

    with _files(pipeline, table) as (files, client):
        read = [_whole(client, file, columns) for file in files]
    found = [rows for rows in read if rows is not None]
    return (
        pa.concat_tables(found) if found else pa.table({name: [] for name in columns})
    )


def load_into_lake(pipeline: dlt.Pipeline) -> LoadInfo:
    """`pipeline.load()`, in which a table that is replaced is never empty.

    Its new files are there before the old ones go. dlt would first delete them.
    """
    from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

    FilesystemClient.should_truncate_table_before_load = _keep_what_is_there
    replaced = [
        (package.load_id, table)
        for package in waiting_packages(pipeline)
        for table in tables_to_load(package, "replace")
    ]
    info = pipeline.load()
    for load_id, table in replaced:
        with _files(pipeline, table) as (files, client):
            for file in files:
                if _load_id(file) != load_id:
                    client.fs_client.rm_file(file)
    return info


def _keep_what_is_there(client: FilesystemClient, table_name: str) -> bool:
    return False


def _load_id(file: str) -> str:
    # dlt names files <load id>.<file id>.parquet, and a load's id is 1795316523.2311006
    return ".".join(PurePosixPath(file).name.split(".")[:2])


def _whole(client: FilesystemClient, file: str, columns: list[str]) -> pa.Table | None:
    """Columns of a file, None of one that a killed run has left in a folder."""
    import pyarrow as pa
    from pyarrow.parquet import read_table

    with client.fs_client.open(file) as content:
        try:
            return read_table(content, columns=columns)
        except pa.ArrowInvalid as error:
            logger.warning("%s cannot be read: %s", file, error)
            return None


@contextmanager
def _files(
    pipeline: dlt.Pipeline, table: str
) -> Iterator[tuple[list[str], FilesystemClient]]:
    """The table's files, none before the first load, and the client that knows them."""
    from dlt.common.destination.exceptions import DestinationUndefinedEntity

    client: Any
    with pipeline.destination_client() as client:
        client.fs_client.invalidate_cache()
        try:
            files = client.list_table_files(table)
        except DestinationUndefinedEntity:
            files = []
        yield files, client
