"""Checks of a source's promises around its load: before, in between and after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Collection, Iterator, Mapping

from utils.promises.declared import promised_values
from utils.promises.load_history import LoadHistory
from utils.promises.outcome import Outcome, age, is_stale
from utils.promises.set_aside import SUFFIX
from utils.promises.usual_rows import PastLoad, usual_rows
from utils.promises.validator import NEWEST, PromisedValues
from utils.reports.phrases import to_the_minute

if TYPE_CHECKING:
    import dlt
    from dlt.extract import DltSource


def begin(source: DltSource) -> None:
    """Prepare the checks of a source's resources for a load."""
    for resource in source.selected_resources.values():
        if values := promised_values(resource):
            declared = resource.compute_table_schema()
            table = source.schema.naming.normalize_table_identifier(
                str(declared["name"])
            )
            replaces = declared.get("write_disposition") == "replace"
            values.begin(resource.name, table, replaces)


def end(source: DltSource) -> None:
    """Judge an extracted load as a whole, before it is sent.

    Raises:
        PromiseBroken: The message names the table and the promise.
    """
    for values in _promised(source):
        values.end()


def outcomes(
    pipeline: dlt.Pipeline,
    source: DltSource,
    rows: Mapping[str, int],
    replaced: Collection[str],
    history: LoadHistory,
) -> dict[str, Outcome]:
    """Return the outcome of a load by table.

    Args:
        pipeline: Pipeline that has loaded, with its destination open.
        source: Source that was loaded.
        rows: Number of rows sent to each table.
        replaced: Tables that were replaced.
        history: History of the pipeline's loads.
    """
    now = datetime.now(UTC)
    promised = list(_promised(source))
    counted = [each.table for each in promised if each.promises.usual_rows]
    past = history.past_loads(counted, now)
    found = {}
    for values in promised:
        table = values.table
        newest = _newest(pipeline, source, values.resource)
        load = PastLoad(now, rows.get(table, 0), table in replaced)
        found[table] = Outcome(
            newest=newest,
            longest_age=values.promises.longest_age,
            set_aside=values.set_aside,
            broken=tuple(_broken(values, newest, load, past.get(table, []))),
        )
    return found


def _promised(source: DltSource) -> Iterator[PromisedValues]:
    return filter(None, map(promised_values, source.selected_resources.values()))


def _newest(
    pipeline: dlt.Pipeline, source: DltSource, resource: str
) -> datetime | None:
    of_source = pipeline.state.get("sources", {}).get(source.name, {})
    return of_source.get("resources", {}).get(resource, {}).get(NEWEST)


def _broken(
    values: PromisedValues,
    newest: datetime | None,
    load: PastLoad,
    past: list[PastLoad],
) -> Iterator[str]:
    longest = values.promises.longest_age
    if newest and longest and is_stale(newest, longest, load.at):
        yield (
            f"{values.table} is stale: the newest {values.promises.cursor} is of"
            f" {to_the_minute(newest)} UTC, promised to be less than {age(longest)} old"
        )
    if values.promises.usual_rows:
        usual = usual_rows(load, past)
        if usual is not None:
            yield (
                f"{values.table} got {load.rows:,} rows, and usually gets {usual:,.0f} on a"
                f" {load.at:%A}"
            )
    if number := values.set_aside:
        rows = "1 row is" if number == 1 else f"{number:,} rows are"
        yield f"{rows} not in {values.table}, but set aside in {values.table}{SUFFIX}"
