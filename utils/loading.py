"""Runs a dlt pipeline, in the same way for every flow, and reports what it did."""

from __future__ import annotations

import re
import time
from collections import Counter

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.common.schema.exceptions import DataValidationError
from dlt.common.schema.typing import TSchemaContractDict
from dlt.extract import DltSource
from dlt.extract.exceptions import ResourceExtractionError
from dlt.pipeline import trace, track
from dlt.pipeline.exceptions import PipelineStepFailed

from utils.duckdb_file import hold_duckdb_file
from utils.errors import ClearError
from utils.load_figures import rows_in, table_loads
from utils.load_report import LoadReport

# Even with telemetry off (.dlt/config.toml) dlt's tracker writes an anonymous id into
# the home directory, or /var/dlt for root, where a container may not write.
trace.TRACKING_MODULES = [each for each in trace.TRACKING_MODULES if each is not track]

# A new table or column is added and reported. A changed type is an error, where dlt
# would add a second column beside the first, or leave it to the database to fail.
TYPES_ARE_FROZEN: TSchemaContractDict = {
    "tables": "evolve",
    "columns": "evolve",
    "data_type": "freeze",
}


class TypeChanged(ClearError):
    """A column arrives with another type than the destination's table has."""


def run_pipeline(pipeline: dlt.Pipeline, source: DltSource) -> LoadReport:
    """Load `source`, after whatever an interrupted run has left behind.

    The pipeline's state comes from the destination: a fresh container goes on where the
    last one stopped. A package that was extracted but not loaded is loaded first, and
    only then is the source read, so that it sees what the destination then holds.

    Raises:
        WarehouseFileError: the DuckDB file cannot be opened.
        TypeChanged: a column's type is another one than in the destination.
        PipelineStepFailed: dlt could not extract, normalize or load. What the source
            itself raised is raised as it is.
    """
    started = time.monotonic()
    try:
        with hold_duckdb_file(pipeline):
            recovered, rows = _finish_interrupted_load(pipeline)
            loaded = pipeline.run(source, schema_contract=TYPES_ARE_FROZEN)
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
        tables=tuple(table_loads(source, rows, packages)),
        load_ids=tuple(loaded.loads_ids),
        recovered_load_ids=tuple(recovered.loads_ids if recovered else ()),
        seconds=time.monotonic() - started,
    )


def _finish_interrupted_load(
    pipeline: dlt.Pipeline,
) -> tuple[LoadInfo | None, Counter[str]]:
    """Restore the state, load the packages that wait, and count their rows by table."""
    normalized_rows = {
        load_id: rows_in(pipeline.get_load_package_info(load_id).jobs["new_jobs"])
        for load_id in pipeline.list_normalized_load_packages()
    }
    recovered = pipeline.run()
    rows: Counter[str] = Counter()
    if recovered:
        for load_id in recovered.loads_ids:
            rows.update(normalized_rows.get(load_id, {}))
        if normalized := pipeline.last_trace.last_normalize_info:
            rows.update(normalized.row_counts)
    return recovered, rows


def _unwrapped(failure: PipelineStepFailed) -> BaseException | None:
    """What the source raised, or Ctrl-C, without dlt's wrapping; None for dlt's own."""
    error = failure.exception
    if isinstance(error, ResourceExtractionError):
        return error.__cause__
    if isinstance(error, DataValidationError):
        old, new = re.findall(r"'data_type': '(\w+)'", str(error))
        return TypeChanged(
            f"Column {error.column_name} of table {error.table_name} arrives as {new},"
            f" and is {old} in the destination. Nothing was loaded. If the new type is"
            " right, load it under another name, or drop the dataset and load anew."
        )
    if isinstance(error, KeyboardInterrupt):
        return error
    return None
