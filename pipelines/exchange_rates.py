"""European Central Bank's rates into the warehouse: new and corrected rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Iterator

import dlt

from sources.exchange_rates import exchange_rates_source
from utils.destinations.pipelines import pipeline_into
from utils.loading.report import LoadReport
from utils.loading.run import run_pipeline

if TYPE_CHECKING:
    import pyarrow as pa
    from dlt.common.runtime.collector_base import Collector


def load_exchange_rates(
    refresh: bool = False, progress: Collector | None = None
) -> LoadReport:
    """Merge the history into the table `exchange_rates` on date and currency.

    The history is compared with what the warehouse holds, so that a second run sends
    nothing, and a rate that the ECB corrected is sent again.

    Args:
        refresh: Fetch the ECB's latest publication instead of the packaged history.
        progress: Collector that follows the pipeline's steps.

    Raises:
        HistoryError: The file is not sound, or lacks what the warehouse has.
        PublicationUnavailable: The ECB's server did not send the publication.
    """
    pipeline = pipeline_into("warehouse", "exchange_rates", progress=progress)
    notes: list[str] = []

    def only_changes(history: pa.Table) -> pa.Table | None:
        held = held_rates(pipeline, history.schema)
        changes = changed_rates(history, held)
        notes.extend(_notes(history, held, changes))
        return changes if changes.num_rows else None

    source = exchange_rates_source(refresh=refresh)
    source.exchange_rates.add_map(only_changes)
    report = run_pipeline(pipeline, source)
    return replace(report, notes=tuple(notes))


def held_rates(pipeline: dlt.Pipeline, schema: pa.Schema) -> pa.Table:
    """Return the rates in the warehouse, none if the table does not exist yet."""
    from dlt.destinations.exceptions import DatabaseUndefinedRelation

    query = "SELECT date, currency, rate FROM exchange_rates"
    try:
        with pipeline.sql_client() as client, client.execute_query(query) as cursor:
            held = cursor.arrow()
    except DatabaseUndefinedRelation:
        held = None
    if held is None:  # no table, or Snowflake's connector for no rows
        return schema.empty_table()
    # Snowflake's names are in upper case
    return held.rename_columns(schema.names).cast(schema)


def changed_rates(history: pa.Table, held: pa.Table) -> pa.Table:
    """Return rows of the history that the warehouse lacks, or has with another rate.

    Raises:
        HistoryError: The warehouse holds a day or a currency that the history lacks.
    """
    from sources.exchange_rates.completeness import require_currencies, require_days

    require_days(history, held["date"], owner="the warehouse")
    require_currencies(history, held["currency"], owner="the warehouse")
    if held.num_rows == 0:
        return history
    changes = history.join(held, keys=held.column_names, join_type="left anti")
    return changes.cast(history.schema)


def _notes(history: pa.Table, held: pa.Table, changes: pa.Table) -> Iterator[str]:
    import pyarrow.compute as pc

    days, currencies = history["date"], history["currency"]
    yield (
        f"{history.num_rows:,} rates published, {pc.count_distinct(days).as_py():,} days from"
        f" {pc.min(days)} to {pc.max(days)}, {pc.count_distinct(currencies)} currencies"
    )
    if held.num_rows == 0:
        return
    key = ["date", "currency"]
    corrected = changes.join(held, keys=key, join_type="left semi").num_rows
    yield (
        f"{held.num_rows:,} rates were in the warehouse;"
        f" {changes.num_rows - corrected:,} are new, {corrected:,} corrected"
    )
    withdrawn = held.join(history, keys=key, join_type="left anti").num_rows
    if withdrawn:
        yield f"{withdrawn:,} rates in the warehouse are not published any more; kept"
    known = set(held["currency"].unique().to_pylist())
    added = set(changes["currency"].unique().to_pylist()) - known
    if added:
        yield f"the ECB added {', '.join(sorted(added))}"
