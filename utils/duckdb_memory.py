"""Keeps DuckDB's memory small where that costs no time.

DuckDB keeps what it read and wrote, up to 80 % of the machine's memory: ten million rows
take 800 MiB, where 64 would do. Only a merge needs more, in proportion to its rows.
"""

from __future__ import annotations

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.pipeline.exceptions import PipelineStepFailed

from utils.duckdb_file import is_duckdb

MEMORY_LIMIT = "128MB"


def load_frugally(pipeline: dlt.Pipeline) -> LoadInfo:
    """`pipeline.load()`, with bounded memory if the destination is DuckDB."""
    if not is_duckdb(pipeline):
        return pipeline.load()
    with pipeline.sql_client() as client:
        # Parquet is read in parallel, and nothing is held back to keep its order.
        client.execute_sql("SET GLOBAL preserve_insertion_order = false")
        if not _merges(pipeline):
            client.execute_sql(f"SET GLOBAL memory_limit = '{MEMORY_LIMIT}'")
            try:
                return pipeline.load()
            except PipelineStepFailed as failure:
                if "Out of Memory Error" not in str(failure):
                    raise
            finally:
                client.execute_sql("RESET GLOBAL memory_limit")
        return pipeline.load()


def _merges(pipeline: dlt.Pipeline) -> bool:
    packages = map(
        pipeline.get_load_package_info, pipeline.list_normalized_load_packages()
    )
    return any(
        package.schema.get_table(job.job_file_info.table_name).get("write_disposition")
        == "merge"
        for package in packages
        for job in package.jobs["new_jobs"]
    )
