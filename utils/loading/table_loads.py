"""Rows, bytes and schema changes of each table in load packages."""

from __future__ import annotations

from collections import Counter
from typing import Iterator, Mapping

from dlt.common.storages.load_package import LoadPackageInfo
from dlt.extract import DltSource

from utils.loading.report import TableLoad


def table_loads(
    source: DltSource, rows: Mapping[str, int], packages: list[LoadPackageInfo]
) -> Iterator[TableLoad]:
    """Yield the source's tables, then others that the packages loaded.

    Args:
        source: Source of the packages.
        rows: Number of rows sent to each table.
        packages: Packages that were loaded.
    """
    loaded_bytes: Counter[str] = Counter()
    for package in packages:
        for job in package.jobs["completed_jobs"]:
            loaded_bytes[job.job_file_info.table_name] += job.file_size
    schemas = [source.schema, *(package.schema for package in packages)]
    dlts_own = {table["name"] for schema in schemas for table in schema.dlt_tables()}
    of_source = [str(table["name"]) for table in source.schema.data_tables()]
    for name in dict.fromkeys([*of_source, *loaded_bytes]):
        if name not in dlts_own:
            yield TableLoad(
                name=name,
                rows=rows.get(name, 0),
                bytes=loaded_bytes[name],
                schema_changes=tuple(_schema_changes(name, packages)),
            )


def _schema_changes(
    table: str, packages: list[LoadPackageInfo]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for package in packages:
        columns = package.schema_update.get(table, {}).get("columns", {})
        is_new = columns.keys() == package.schema.get_table_columns(table).keys()
        if columns:
            yield "new table" if is_new else "new columns", tuple(
                f"{name} ({column['data_type']})" for name, column in columns.items()
            )
