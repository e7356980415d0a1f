"""Reads from dlt's load packages what they sent to which table, and changed of it."""

from __future__ import annotations

import gzip
from collections import Counter
from typing import Iterator, Mapping

import dlt
from dlt.common.storages.load_package import LoadPackageInfo
from dlt.extract import DltSource

from utils.loading.report import TableLoad


def waiting_packages(pipeline: dlt.Pipeline) -> list[LoadPackageInfo]:
    """The packages that are ready to be loaded."""
    return [
        pipeline.get_load_package_info(load_id)
        for load_id in pipeline.list_normalized_load_packages()
    ]


def tables_to_load(package: LoadPackageInfo, disposition: str) -> set[str]:
    """The tables with files in the package that are loaded in this way."""
    names = {job.job_file_info.table_name for job in package.jobs["new_jobs"]}
    return {
        name
        for name in names
        if package.schema.get_table(name).get("write_disposition") == disposition
    }


def rows_in(package: LoadPackageInfo) -> Counter[str]:
    """Rows by table that wait to be loaded, as Parquet or as JSON lines."""
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


def table_loads(
    source: DltSource, rows: Mapping[str, int], packages: list[LoadPackageInfo]
) -> Iterator[TableLoad]:
    """The source's tables, and any others that the packages loaded or changed."""
    loaded_bytes: Counter[str] = Counter()
    for package in packages:
        for job in package.jobs["completed_jobs"]:
            loaded_bytes[job.job_file_info.table_name] += job.file_size
    names = [table["name"] for table in source.schema.data_tables()]
    names += [name for name in loaded_bytes if name not in names]
    for name in names:
        if not name.startswith(source.schema._dlt_tables_prefix):
            yield TableLoad(
                name=name,
                rows=rows.get(name, 0),
                bytes=loaded_bytes[name],
                schema_changes=tuple(_schema_changes(name, packages)),
            )


def _schema_changes(table: str, packages: list[LoadPackageInfo]) -> Iterator[str]:
    for package in packages:
        columns = package.schema_update.get(table, {}).get("columns", {})
        is_new = columns.keys() == package.schema.get_table_columns(table).keys()
        described = ", ".join(
            f"{name} {column['data_type']}" for name, column in columns.items()
        )
        if columns:
            yield f"{'new table' if is_new else 'new columns'}: {described}"
