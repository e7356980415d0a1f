"""Loads what waits in little memory, where a destination would take as much as it gets."""

from __future__ import annotations

import logging

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.pipeline.exceptions import PipelineStepFailed

from utils.destinations.duckdb_file import is_duckdb
from utils.destinations.kind import kind_of
from utils.destinations.lake import is_lake, load_into_lake
from utils.destinations.load_packages import tables_to_load, waiting_packages

logger = logging.getLogger(__name__)

# DuckDB keeps what it read and wrote, up to 80 % of the machine's memory: 800 MiB for ten
# million rows, which take no longer within this.
DUCKDB_MEMORY_LIMIT = "112MB"


def load_frugally(pipeline: dlt.Pipeline) -> LoadInfo:
    """`pipeline.load()`, in memory that does not grow with the rows.

    Except for a merge in DuckDB, which needs memory in proportion to its rows.
    """
    if is_duckdb(pipeline):
        return _load_into_duckdb(pipeline)
    if is_lake(pipeline):
        return load_into_lake(pipeline)
    if kind_of(pipeline) == "postgres":
        _send_row_groups_to_postgres()
    return pipeline.load()


def _load_into_duckdb(pipeline: dlt.Pipeline) -> LoadInfo:
    with pipeline.sql_client() as client:
        # Parquet is read in parallel, and nothing is held back to keep its order.
        client.execute_sql("SET GLOBAL preserve_insertion_order = false")
        if _merges(pipeline):
            return pipeline.load()
        ((limit,),) = client.execute_sql("SELECT current_setting('memory_limit')")
        client.execute_sql("SET GLOBAL memory_limit = %s", DUCKDB_MEMORY_LIMIT)
        try:
            return pipeline.load()
        except PipelineStepFailed as failure:
            if "Out of Memory Error" not in str(failure):
                raise
            logger.info("DuckDB needs more memory than %s", DUCKDB_MEMORY_LIMIT)
        finally:
            client.execute_sql("SET GLOBAL memory_limit = %s", limit)
        return pipeline.load()


def _merges(pipeline: dlt.Pipeline) -> bool:
    return any(
        tables_to_load(package, "merge") for package in waiting_packages(pipeline)
    )


def _send_row_groups_to_postgres() -> None:
    """Within one transaction still. dlt would read the whole file into memory."""
    from dlt.destinations.impl.postgres.postgres import PostgresParquetCopyJob

    PostgresParquetCopyJob._ingest_per_rowgroup = True
