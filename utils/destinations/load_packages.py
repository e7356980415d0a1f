"""Load packages that are pending in a pipeline's working folder, and their rows."""

from __future__ import annotations

import gzip
from collections import Counter

import dlt
from dlt.common.storages.load_package import LoadPackageInfo


def pending_packages(pipeline: dlt.Pipeline) -> list[LoadPackageInfo]:
    """Return the packages that are normalized and not loaded yet."""
    return [
        pipeline.get_load_package_info(load_id)
        for load_id in pipeline.list_normalized_load_packages()
    ]


def tables_to_load(package: LoadPackageInfo, disposition: str) -> set[str]:
    """Return the tables that a package loads with this write disposition."""
    names = {job.job_file_info.table_name for job in package.jobs["new_jobs"]}
    return {
        name
        for name in names
        if package.schema.get_table(name).get("write_disposition") == disposition
    }


def pending_rows(package: LoadPackageInfo) -> Counter[str]:
    """Count a package's pending rows by table, in Parquet and JSON lines."""
    rows: Counter[str] = Counter()
    for job in package.jobs["new_jobs"]:
        table = job.job_file_info.table_name
        if job.file_path.endswith(".parquet"):
            from pyarrow.parquet import read_metadata

            rows[table] += read_metadata(job.file_path).num_rows
        elif job.file_path.endswith(".jsonl.gz"):
            with gzip.open(job.file_path) as lines:
                rows[table] += sum(1 for _ in lines)
    return rows
