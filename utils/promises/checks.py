"""Checks of a source's promises around its load: before, in between and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Collection, Iterator, Mapping

from utils.promises.declared import promised_values
from utils.promises.load_history import past_loads
from utils.promises.outcome import Outcome, age
from utils.promises.set_aside import SUFFIX
from utils.promises.usual_rows import PastLoad, usual_rows
from utils.promises.validator import NEWEST, PromisedValues

if TYPE_CHECKING:
    import dlt
    from dlt.extract import DltSource


def begin(source: DltSource) -> None:
    """Prepare the checks of a source's resources for a load."""
    for resource in source.selected_resources.values():
        if values := promised_values(resource):
            replaces = resource.write_disposition == "replace"
            values.begin(resource.name, replaces)


def require_few_set_aside(source: DltSource) -> None:
    """Reject an extracted load that sets aside most of a table's rows.

    Raises:
        PromiseBroken: The message names the table and a row.
    """
    for _, values in _promised(source):
        values.require_few_set_aside()


def outcomes(
    pipeline: dlt.Pipeline,
    source: DltSource,
    rows: Mapping[str, int],
    replaced: Collection[str],
    has_history: bool,
) -> dict[str, Outcome]:
    """Return the outcome of a load by table.

    Args:
        pipeline: Pipeline that has loaded, with its destination open.
        source: Source that was loaded.
        rows: Number of rows sent to each table.
        replaced: Tables that were replaced.
        has_history: Whether the dataset has a `load_history`.
    """
    now = datetime.now(UTC)
    promised = dict(_promised(source))
    past = {}
    if has_history and any(each.promises.usual_rows for each in promised.values()):
        past = past_loads(pipeline, now)
    found = {}
    for table, values in promised.items():
        load = PastLoad(now, rows.get(table, 0), table in replaced)
        outcome = Outcome(
            newest=_newest(pipeline, source, values.table_name),
            longest_age=values.promises.longest_age,
            set_aside=values.set_aside,
            broken=(),
        )
        broken = tuple(_broken(table, values, outcome, load, past.get(table, [])))
        found[table] = replace(outcome, broken=broken)
    return found


def _promised(source: DltSource) -> Iterator[tuple[str, PromisedValues]]:
    """Yield the tables of the source with promises."""
    for resource in source.selected_resources.values():
        if values := promised_values(resource):
            name = str(resource.table_name)
            yield source.schema.naming.normalize_table_identifier(name), values


def _newest(
    pipeline: dlt.Pipeline, source: DltSource, resource: str
) -> datetime | None:
    of_source = pipeline.state.get("sources", {}).get(source.name, {})
    return of_source.get("resources", {}).get(resource, {}).get(NEWEST)


def _broken(
    table: str,
    values: PromisedValues,
    outcome: Outcome,
    load: PastLoad,
    past: list[PastLoad],
) -> Iterator[str]:
    if outcome.is_fresh(load.at) is False and outcome.newest and outcome.longest_age:
        yield (
            f"{table} is stale: the newest {values.promises.cursor} is of"
            f" {outcome.newest:%Y-%m-%d %H:%M} UTC, promised to be less than"
            f" {age(outcome.longest_age)} old"
        )
    if values.promises.usual_rows:
        usual = usual_rows(load, past)
        if usual is not None:
            yield (
                f"{table} got {load.rows:,} rows, and usually gets {usual:,.0f} on a"
                f" {load.at:%A}"
            )
    if number := outcome.set_aside:
        rows = "1 row is" if number == 1 else f"{number:,} rows are"
        yield (f"{rows} not in {table}, but set aside in" f" {table}{SUFFIX}")
