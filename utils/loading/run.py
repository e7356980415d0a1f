"""The run of a dlt pipeline, the same for every flow, and its report."""

from __future__ import annotations

import logging
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Iterator

import dlt
from dlt.common.pipeline import LoadInfo, TRefreshMode
from dlt.extract import DltSource

from utils.destinations.load_packages import pending_packages, pending_rows
from utils.destinations.pipelines import fit_to_destination, require_set_up, type_of
from utils.dlt_internals import leave_out_tracking
from utils.errors.full_disk import full_disk_named
from utils.errors.interruption import interruption_behind
from utils.errors.transient import is_worth_retrying
from utils.loading.column_types import TYPES_ARE_FROZEN
from utils.loading.dropped_tables import forget_cursors, resources_of_dropped_tables
from utils.loading.errors import plain_errors, unavailable_destination
from utils.loading.memory import give_memory_back
from utils.loading.recovery import (
    can_be_finished,
    holds_appended_rows,
    note_base,
    start_from_destination,
)
from utils.loading.replacement import SuspiciouslyFewRows, prepare_replacement
from utils.loading.report import LoadReport
from utils.loading.row_types import keep_shapes
from utils.loading.table_loads import replaced_tables, table_loads
from utils.promises import checks
from utils.promises.load_history import HistoryRow, LoadHistory
from utils.promises.outcome import PromiseBroken
from utils.reports.cells import titled

logger = logging.getLogger(__name__)

leave_out_tracking()
give_memory_back()


@dataclass(frozen=True)
class Sent:
    """Load packages that arrived, and their rows by table."""

    info: LoadInfo
    rows: Counter[str]


def run_pipeline(pipeline: dlt.Pipeline, source: DltSource) -> LoadReport:
    """Load `source`, after whatever an interrupted run has left behind.

    The pipeline's state comes from the destination: a fresh container continues where the
    last one stopped. A pending package is loaded first, and only then is the source read,
    so that it sees what the destination then holds.

    Raises:
        DestinationUnavailable: The destination is not there, or refuses this user.
        DestinationHeld: Another process loads into the destination.
        DiskFull: The disk of the working folder, or of the DuckDB file, is full.
        WarehouseFileError: The DuckDB file cannot be opened.
        MissingBucket: The lake's bucket does not exist.
        TableLocked: Another session locks a table in PostgreSQL for too long.
        TypeChanged: A column's type differs from the destination's.
        SuspiciouslyFewRows: A table would be replaced by far fewer rows than it has.
        ApiError: The source's API did not answer as it should.
        PipelineStepFailed: dlt could not extract, normalize or load. An error of the
            source itself is raised unchanged.
    """
    started = time.monotonic()
    require_set_up(pipeline)
    destination_type = type_of(pipeline)
    with (
        full_disk_named(pipeline.working_dir),
        plain_errors(source.name),
        destination_type.explain_locks(pipeline),
        ExitStack() as held,
    ):
        with unavailable_destination(pipeline):
            held.enter_context(destination_type.hold(pipeline))
            dropped = resources_of_dropped_tables(pipeline, source)
        keep_shapes(source)
        recovered = [] if dropped else _finish_interrupted_load(pipeline)
        start_from_destination(pipeline)
        if dropped:
            loaded = _load_dropped_and_others(pipeline, source, dropped)
        else:
            loaded = [_extract_and_send(pipeline, source)]
        with LoadHistory(pipeline) as history:
            report = _report(pipeline, source, recovered, loaded, started, history)
            history.remember(list(_history_rows(report)))
        for broken in report.broken_promises:
            logger.warning("Promise: %s", broken)
    return report


def _finish_interrupted_load(pipeline: dlt.Pipeline) -> list[Sent]:
    """Send pending packages.

    Drop those that cannot be sent: their source is read again anyway.
    """
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


def _load_dropped_and_others(
    pipeline: dlt.Pipeline, source: DltSource, dropped: list[str]
) -> list[Sent]:
    """Load resources of dropped tables from the beginning, then the source's others."""
    logger.warning(
        "Loaded again from the beginning, because a table is gone: %s",
        ", ".join(dropped),
    )
    note_base(pipeline)
    forget_cursors(pipeline, source, dropped)
    gone = source.with_resources(*dropped)
    sent = [_extract_and_send(pipeline, gone, refresh="drop_resources")]
    if others := [name for name in source.selected_resources if name not in dropped]:
        sent.append(_extract_and_send(pipeline, source.with_resources(*others)))
    return sent


def _extract_and_send(
    pipeline: dlt.Pipeline, source: DltSource, refresh: TRefreshMode | None = None
) -> Sent:
    note_base(pipeline)
    fit_to_destination(pipeline, source)
    checks.begin(source)
    pipeline.extract(source, schema_contract=TYPES_ARE_FROZEN, refresh=refresh)
    try:
        checks.end(source)
        return _send(pipeline)
    except (PromiseBroken, SuspiciouslyFewRows):
        start_from_destination(pipeline)
        raise


def _send(pipeline: dlt.Pipeline) -> Sent:
    """Normalize and load the extracted packages."""
    pipeline.normalize()
    prepare_replacement(pipeline)
    rows = sum(map(pending_rows, pending_packages(pipeline)), Counter[str]())
    return Sent(type_of(pipeline).load(pipeline), rows)


def _report(
    pipeline: dlt.Pipeline,
    source: DltSource,
    recovered: list[Sent],
    loaded: list[Sent],
    started: float,
    history: LoadHistory,
) -> LoadReport:
    all_sent = [*recovered, *loaded]
    packages = [package for sent in all_sent for package in sent.info.load_packages]
    rows = sum((sent.rows for sent in all_sent), Counter[str]())
    destination_type = type_of(pipeline)
    replaced = replaced_tables(packages)
    outcomes = checks.outcomes(pipeline, source, rows, replaced, history)
    place = loaded[-1].info.destination_displayable_credentials
    return LoadReport(
        pipeline=pipeline.pipeline_name,
        destination_type=destination_type.name,
        place=place.removeprefix(destination_type.place_prefix),
        dataset=pipeline.dataset_name,
        tables=tuple(table_loads(source, rows, packages, replaced, outcomes)),
        load_ids=tuple(id_ for sent in loaded for id_ in sent.info.loads_ids),
        recovered_load_ids=tuple(
            id_ for sent in recovered for id_ in sent.info.loads_ids
        ),
        seconds=time.monotonic() - started,
    )


def _history_rows(report: LoadReport) -> Iterator[HistoryRow]:
    """Yield what the dataset's history keeps of a load."""
    now = datetime.now(UTC)
    for table in report.tables:
        outcome = table.outcome
        yield HistoryRow(
            loaded_at=now,
            load_ids=", ".join((*report.recovered_load_ids, *report.load_ids)),
            pipeline=report.pipeline,
            table_name=table.name,
            rows_loaded=table.rows,
            bytes_loaded=table.bytes,
            seconds=report.seconds,
            replaced=table.replaced,
            rows_set_aside=outcome.set_aside if outcome else 0,
            newest_value=outcome.newest if outcome else None,
            schema_changes="; ".join(titled(table.schema_changes)),
            broken_promises="; ".join(outcome.broken) if outcome else "",
        )
