"""Rows, bytes and schema changes of each table in load packages."""

from __future__ import annotations

from collections import Counter
from typing import Collection, Iterator, Mapping

from dlt.common.storages.load_package import LoadPackageInfo
from dlt.extract import DltSource

from utils.loading.dropped_tables import resource_of
from utils.loading.report import TableLoad
from utils.promises.outcome import Outcome


def table_loads(
    source: DltSource,
    rows: Mapping[str, int],
    packages: list[LoadPackageInfo],
    replaced: Collection[str],
    outcomes: Mapping[str, Outcome],
) -> Iterator[TableLoad]:
    """Yield the tables of the source's resources, then others that the packages loaded.

    Args:
        source: Source of the packages.
        rows: Number of rows sent to each table.
        packages: Packages that were loaded.
        replaced: Tables whose rows were replaced.
        outcomes: Outcomes of promises by table.
    """
    loaded_bytes: Counter[str] = Counter()
    for package in packages:
        for job in package.jobs["completed_jobs"]:
            loaded_bytes[job.job_file_info.table_name] += job.file_size
    schemas = [source.schema, *(package.schema for package in packages)]
    dlts_own = {table["name"] for schema in schemas for table in schema.dlt_tables()}
    of_source = [
        name
        for table in source.schema.data_tables()
        if resource_of(source.schema, name := str(table["name"]))
        in source.selected_resources
    ]
    for name in dict.fromkeys([*of_source, *loaded_bytes]):
        if name not in dlts_own:
            yield TableLoad(
                name=name,
                rows=rows.get(name, 0),
                bytes=loaded_bytes[name],
                schema_changes=tuple(_schema_changes(name, packages)),
                replaced=name in replaced,
                outcome=outcomes.get(name),
            )


def replaced_tables(packages: list[LoadPackageInfo]) -> set[str]:
    """Return the tables whose rows were replaced."""
    return {
        str(table["name"])
        for package in packages
        for table in package.schema.data_tables()
        if table.get("write_disposition") == "replace"
    }


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
