"""Runs a dlt pipeline, in the same way for every flow, and reports what it did."""

from __future__ import annotations

import time
from collections import Counter
from typing import Iterator, Mapping

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.common.storages.load_package import LoadJobInfo, LoadPackageInfo
from dlt.extract import DltSource
from dlt.extract.exceptions import ResourceExtractionError
from dlt.pipeline import trace, track
from dlt.pipeline.exceptions import PipelineStepFailed

from utils.duckdb_file import hold_duckdb_file
from utils.load_report import LoadReport, TableLoad

# Even with telemetry off (.dlt/config.toml) dlt's tracker writes an anonymous id into
# the home directory, or /var/dlt for root, where a container may not write.
trace.TRACKING_MODULES = [each for each in trace.TRACKING_MODULES if each is not track]


def run_pipeline(pipeline: dlt.Pipeline, source: DltSource) -> LoadReport:
    """Load `source`, after whatever an interrupted run has left behind.

    The pipeline's state comes from the destination: a fresh container goes on where the
    last one stopped. A package that was extracted but not loaded is loaded first, and
    only then is the source read, so that it sees what the destination then holds.

    Raises:
        WarehouseFileError: the DuckDB file cannot be opened.
        PipelineStepFailed: dlt could not extract, normalize or load. What the source
            itself raised is raised as it is.
    """
    started = time.monotonic()
    try:
        with hold_duckdb_file(pipeline):
            recovered, rows = _finish_interrupted_load(pipeline)
            loaded = pipeline.run(source)
    except PipelineStepFailed as failure:
        if cause := _unwrapped(failure):
            raise cause from None
        raise
    rows.update(pipeline.last_trace.last_normalize_info.row_counts)
    packages = [*(recovered.load_packages if recovered else []), *loaded.load_packages]
    return LoadReport(
        pipeline=pipeline.pipeline_name,
        destination_type=pipeline.destination.destination_type.rpartition(".")[2],
        place=loaded.destination_displayable_credentials.removeprefix("duckdb:///"),
        dataset=pipeline.dataset_name,
        tables=tuple(_tables(source, rows, packages)),
        load_ids=tuple(loaded.loads_ids),
        recovered_load_ids=tuple(recovered.loads_ids if recovered else ()),
        seconds=time.monotonic() - started,
    )


def _finish_interrupted_load(
    pipeline: dlt.Pipeline,
) -> tuple[LoadInfo | None, Counter[str]]:
    """Restore the state, load the packages that wait, and count their rows by table."""
    waiting = {
        load_id: pipeline.get_load_package_info(load_id).jobs["new_jobs"]
        for load_id in pipeline.list_normalized_load_packages()
    }
    normalized_rows = {load_id: _rows(jobs) for load_id, jobs in waiting.items()}
    recovered = pipeline.run()
    rows: Counter[str] = Counter()
    if recovered:
        for load_id in recovered.loads_ids:
            rows.update(normalized_rows.get(load_id, {}))
        if normalized := pipeline.last_trace.last_normalize_info:
            rows.update(normalized.row_counts)
    return recovered, rows


def _rows(jobs: list[LoadJobInfo]) -> Counter[str]:
    """Rows by table, of the files whose format tells."""
    rows: Counter[str] = Counter()
    for job in jobs:
        if job.file_path.endswith(".parquet"):
            from pyarrow.parquet import read_metadata

            rows[job.job_file_info.table_name] += read_metadata(job.file_path).num_rows
    return rows


def _unwrapped(failure: PipelineStepFailed) -> BaseException | None:
    """What the source raised, or Ctrl-C, without dlt's wrapping; None for dlt's own."""
    if isinstance(failure.exception, ResourceExtractionError):
        return failure.exception.__cause__
    if isinstance(failure.exception, KeyboardInterrupt):
        return failure.exception
    return None


def _tables(
    source: DltSource, rows: Mapping[str, int], packages: list[LoadPackageInfo]
) -> Iterator[TableLoad]:
    """The source's tables, and any others that the packages loaded or changed."""
    loaded_bytes: dict[str, int] = {}
    for package in packages:
        for job in package.jobs["completed_jobs"]:
            table = job.job_file_info.table_name
            loaded_bytes[table] = loaded_bytes.get(table, 0) + job.file_size
    names = [table["name"] for table in source.schema.data_tables()]
    names += [name for name in loaded_bytes if name not in names]
    for name in names:
        if not name.startswith(source.schema._dlt_tables_prefix):
            yield TableLoad(
                name=name,
                rows=rows.get(name, 0),
                bytes=loaded_bytes.get(name, 0),
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
