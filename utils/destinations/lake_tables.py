"""Tables in the lake as a reader of files sees them."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Iterator

import dlt

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

logger = logging.getLogger(__name__)


def read_columns(pipeline: dlt.Pipeline, table: str, columns: list[str]) -> pa.Table:
    """Read columns of a table's whole files; no rows before the first load.

    A file counts as soon as it is whole, even if dlt has not noted its load yet: whoever
    takes files from a lake does so when they arrive.
    """
    import pyarrow as pa

    with table_files(pipeline, table) as (files, client):
        read = [read_whole_file(client, file, columns) for file in files]
    found = [rows for rows in read if rows is not None]
    return (
        pa.concat_tables(found) if found else pa.table({name: [] for name in columns})
    )


def load_id(file: str) -> str:
    """Return the id of the load that brought a file."""
    # dlt names files <load id>.<file id>.parquet, and a load's id is 1795316523.2311006
    return ".".join(PurePosixPath(file).name.split(".")[:2])


def read_whole_file(
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
def table_files(
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
