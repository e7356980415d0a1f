"""Queries on Redshift into the lake, a CSV or Parquet file each, replaced as a whole."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping
from urllib.parse import quote

from sources.redshift.connection import redshift_credentials
from sources.redshift.rows import query_rows
from sources.redshift.sql_files import Query, Value, read_queries
from utils.export.arrow_files import FileFormat, write_table
from utils.export.lake_files import lake_folder
from utils.export.report import ExportedFile

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

DATASET = "exports"
SECONDS_BETWEEN_LINES = 30.0
# Readers of partitioned data take it for NULL.
NULL = "__HIVE_DEFAULT_PARTITION__"


def prepare_export(folder: str, parameters: Mapping[str, Value]) -> list[Query]:
    """Read the queries of a folder, and check that they can run.

    Args:
        folder: Name of a folder of `sources/redshift/queries`.
        parameters: Values of the queries' parameters by name.

    Raises:
        QueriesError: No such queries exist, or the parameters do not fit them.
        ConfigFieldMissingException: Redshift's credentials or the lake's address are not
            configured.
    """
    queries = read_queries(folder, parameters)
    redshift_credentials()
    lake_folder(DATASET)
    return queries


def export_query(query: Query, file_format: FileFormat) -> ExportedFile:
    """Run a query, and write its rows into its file.

    Raises:
        QueryFailed: Redshift cannot be reached, or refuses the query.
        ValueDoesNotFit: A value is not one of its column's type.
        LakeError: The file cannot be written.
    """
    started = time.monotonic()
    lake = lake_folder(DATASET)
    name = file_name(query, file_format)
    with closing(query_rows(query)) as batches:
        # the query runs here, before there is a file
        first = next(batches)
        followed = _followed(chain([first], batches), query.name)
        with lake.whole_file(name) as file:
            rows = write_table(followed, first.schema, file, file_format)
            size = file.tell()
    logger.info("%s: %s rows into %s", query.name, f"{rows:,}", lake.address(name))
    return ExportedFile(
        query=query.name,
        rows=rows,
        bytes=size,
        seconds=time.monotonic() - started,
        address=lake.address(name),
    )


def file_name(query: Query, file_format: FileFormat) -> str:
    """Return the file's path in the exports, the same for the same parameters.

    Parameters become folders, `since=2026-12-31`, of which readers of partitioned data
    make columns.
    """
    folders = (
        f"{name}={NULL if value is None else quote(str(value), safe='')}"
        for name, value in sorted(query.parameters.items())
    )
    file = f"{query.name.rpartition('/')[2]}.{file_format}"
    return "/".join((query.name, *folders, file))


def _followed(batches: Iterable[pa.RecordBatch], name: str) -> Iterator[pa.RecordBatch]:
    """Log now and then how many rows were read. Their total is not known."""
    rows, said = 0, time.monotonic()
    for batch in batches:
        yield batch
        rows += batch.num_rows
        if time.monotonic() - said > SECONDS_BETWEEN_LINES:
            logger.info("%s: %s rows so far", name, f"{rows:,}")
            said = time.monotonic()
