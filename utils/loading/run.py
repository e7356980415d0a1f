"""Runs a dlt pipeline, in the same way for every flow, and reports what it did."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass

import dlt
from dlt.common.pipeline import LoadInfo, TRefreshMode
from dlt.extract import DltSource
from dlt.pipeline import trace, track

from utils.destinations.duckdb_file import hold_duckdb_file
from utils.destinations.kind import kind_of
from utils.destinations.lake import require_bucket
from utils.destinations.load_packages import rows_in, waiting_packages
from utils.destinations.memory import load_frugally
from utils.destinations.pipelines import fit_to_destination
from utils.destinations.postgres_dataset import hold_postgres_dataset
from utils.destinations.postgres_locks import waits_are_told
from utils.errors.interruption import interruption_behind
from utils.errors.transient import is_worth_retrying
from utils.loading.column_types import TYPES_ARE_FROZEN
from utils.loading.dropped_tables import forget_cursors, resources_of_lost_tables
from utils.loading.errors import plain_errors, unavailable_destination
from utils.loading.recovery import (
    can_be_finished,
    holds_appended_rows,
    note_base,
    start_from_destination,
)
from utils.loading.replacement import SuspiciouslyFewRows, prepare_replacement
from utils.loading.report import LoadReport
from utils.loading.row_types import keep_shapes
from utils.loading.table_loads import table_loads

logger = logging.getLogger(__name__)

# Even with telemetry off (.dlt/config.toml) dlt's tracker writes an anonymous id into
# the home directory, or /var/dlt for root, where a container may not write.
trace.TRACKING_MODULES = [each for each in trace.TRACKING_MODULES if each is not track]

# Arrow's own allocator keeps some hundred megabytes that were needed for a moment.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


@dataclass(frozen=True)
class Sent:
    """Load packages that arrived, and their rows by table."""

    info: LoadInfo
    rows: Counter[str]


def run_pipeline(pipeline: dlt.Pipeline, source: DltSource) -> LoadReport:
    """Load `source`, after whatever an interrupted run has left behind.

    The pipeline's state comes from the destination: a fresh container goes on where the
    last one stopped. A package that was extracted but not sent is loaded first, and only
    then is the source read, so that it sees what the destination then holds.

    Raises:
        WarehouseFileError: the DuckDB file cannot be opened.
        DatasetHeld: another run loads into the dataset in PostgreSQL.
        TypeChanged: a column's type is another one than in the destination.
        SuspiciouslyFewRows: a table would be replaced by far fewer rows than it has.
        ApiError: the source's API did not give what was asked of it.
        DestinationUnavailable: the destination is not there, or lets nobody in.
        TableLocked: another session holds a table in PostgreSQL for too long.
        PipelineStepFailed: dlt could not extract, normalize or load. What the source
            itself raised is raised as it is.
    """
    started = time.monotonic()
    with plain_errors(source.name), waits_are_told(pipeline), ExitStack() as held:
        with unavailable_destination(pipeline):
            require_bucket(pipeline)
            held.enter_context(hold_duckdb_file(pipeline))
            held.enter_context(hold_postgres_dataset(pipeline))
            lost = resources_of_lost_tables(pipeline, source)
        keep_shapes(source)
        recovered = [] if lost else _finish_interrupted_load(pipeline)
        start_from_destination(pipeline)
        loaded = _load_source(pipeline, source, lost)

    all_sent = [*recovered, *loaded]
    packages = [package for sent in all_sent for package in sent.info.load_packages]
    rows = sum((sent.rows for sent in all_sent), Counter())
    place = loaded[-1].info.destination_displayable_credentials
    return LoadReport(
        pipeline=pipeline.pipeline_name,
        destination_type=kind_of(pipeline),
        place=place.removeprefix("duckdb:///").removeprefix("file://"),
        dataset=pipeline.dataset_name,
        tables=tuple(table_loads(source, rows, packages)),
        load_ids=tuple(id_ for sent in loaded for id_ in sent.info.loads_ids),
        recovered_load_ids=tuple(
            id_ for sent in recovered for id_ in sent.info.loads_ids
        ),
        seconds=time.monotonic() - started,
    )


def _finish_interrupted_load(pipeline: dlt.Pipeline) -> list[Sent]:
    """Send what waits. What cannot be sent is dropped: its source is read again anyway."""
    try:
        return [_send(pipeline)] if can_be_finished(pipeline) else []
    except Exception as error:
        if (
            interruption_behind(error)
            or is_worth_retrying(error)
            or holds_appended_rows(pipeline)
        ):
            raise
        logger.warning("What an interrupted run left is read again: %s", error)
        return []


def _load_source(
    pipeline: dlt.Pipeline, source: DltSource, lost: list[str]
) -> list[Sent]:
    if not lost:
        return [_extract_and_send(pipeline, source)]
    logger.warning("Loaded anew, because a table is gone: %s", ", ".join(lost))
    note_base(pipeline)
    forget_cursors(pipeline, source, lost)
    anew = source.with_resources(*lost)
    sent = [_extract_and_send(pipeline, anew, refresh="drop_resources")]
    if others := [name for name in source.selected_resources if name not in lost]:
        sent.append(_extract_and_send(pipeline, source.with_resources(*others)))
    return sent


def _extract_and_send(
    pipeline: dlt.Pipeline, source: DltSource, refresh: TRefreshMode | None = None
) -> Sent:
    note_base(pipeline)
    fit_to_destination(pipeline, source)
    pipeline.extract(
        source,
        schema_contract=TYPES_ARE_FROZEN,
        refresh=refresh,
    )
    try:
        return _send(pipeline)
    except SuspiciouslyFewRows:
        start_from_destination(pipeline)
        raise


def _send(pipeline: dlt.Pipeline) -> Sent:
    """Normalize and load what was extracted."""
    pipeline.normalize()
    prepare_replacement(pipeline)
    rows = sum(map(rows_in, waiting_packages(pipeline)), Counter())
    return Sent(load_frugally(pipeline), rows)
