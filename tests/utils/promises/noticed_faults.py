"""What the promises notice of the generated loads, each day's through a pipeline's run.

`python -m tests.utils.promises.noticed_faults` loads ten weeks with planted faults and 17
clean ones, and prints recall, missed faults and false alarms. `--hourly` adds the table that
is loaded each hour. It takes some ten minutes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Iterator

import dlt
import duckdb
import pyarrow as pa

from tests.samples.clock import clock
from tests.utils.promises.generated_loads import CLEAN, TABLES, Series
from tests.utils.promises.planted_faults import Noticed, faulty, score
from utils.destinations.pipelines import pipeline_into
from utils.loading import run
from utils.loading.run import run_pipeline
from utils.promises import checks, validator
from utils.promises.declared import promise
from utils.promises.outcome import Outcome, PromiseBroken, is_stale

HOURLY = "readings"
CLOCKS = (run, checks, validator)
WORDS = {
    "is not NULL": "not_null",
    "come once": "unique",
    "comes once": "unique",
    "is between": "between",
    "is one of": "accepted",
}


def noticed(series: Series, tables: list[str], days: int | None = None) -> set[Noticed]:
    """Load the days of a series, and return what was noticed.

    Args:
        series: Loads by table and day.
        tables: Names of the tables to load.
        days: Number of days from the first one on; all if None.
    """
    found = set[Noticed]()
    kept: dict[str, Outcome] = {}
    for day in list(series.days)[:days]:
        for moment, rows in sorted(_loads(series, tables, day), key=lambda it: it[0]):
            found |= set(_stale(kept, moment))
            found |= {(table, day, kind) for table, kind in _load(rows, moment, kept)}
    return found


def _loads(
    series: Series, tables: list[str], day: date
) -> Iterator[tuple[datetime, dict[str, pa.Table]]]:
    """Yield the loads of a day: one of all daily tables, and those of the hourly one."""
    daily = {t: series.loads(t, day)[0] for t in tables if t != HOURLY}
    if daily:
        moment = max(load.moment for load in daily.values())
        yield moment, {table: load.rows for table, load in daily.items()}
    if HOURLY in tables:
        for load in series.loads(HOURLY, day):
            yield load.moment, {HOURLY: load.rows}


def _stale(kept: dict[str, Outcome], now: datetime) -> Iterator[Noticed]:
    """Yield the tables that have become stale since their last loads, as watch sees it."""
    for table, outcome in kept.items():
        if outcome.newest and outcome.longest_age:
            stale = outcome.newest + outcome.longest_age
            if stale < now:
                yield table, stale.date(), "fresh"


def _load(
    rows: dict[str, pa.Table], moment: datetime, kept: dict[str, Outcome]
) -> Iterator[tuple[str, str]]:
    """Load tables at a moment, and yield what is noticed."""
    while True:
        try:
            with _clock(moment):
                report = run_pipeline(
                    pipeline_into("warehouse", "shop", name=_name(rows)), _source(rows)
                )
            break
        except PromiseBroken as error:
            (table,) = (each for each in rows if f"Table {each} breaks" in str(error))
            yield table, _kind(str(error))
            rows = {name: each for name, each in rows.items() if name != table}
    for each in report.tables:
        if each.outcome is None:
            continue
        kept[each.name] = each.outcome
        if is_stale(each.outcome.newest, each.outcome.longest_age, moment):
            yield each.name, "fresh"
        if any("usually gets" in text for text in each.outcome.broken):
            yield each.name, "rows"
        if each.outcome.set_aside:
            yield from ((each.name, kind) for kind in _kinds_set_aside(each.name))


def _name(rows: dict[str, pa.Table]) -> str:
    return HOURLY if HOURLY in rows else "shop"


def _source(rows: dict[str, pa.Table]) -> dlt.sources.DltSource:
    def resource(name: str) -> dlt.sources.DltResource:
        made = TABLES[name].promises
        return promise(
            dlt.resource([rows[name]], name=name, write_disposition="append"),
            fresh=made.fresh,
            rows=made.rows,
            not_null=made.not_null,
            unique=made.unique,
            between=made.between,
            accepted=made.accepted,
            broken=made.broken,
        )

    @dlt.source(name=_name(rows))
    def shop() -> list[dlt.sources.DltResource]:
        return [resource(name) for name in rows]

    return shop()


def _kind(words: str) -> str:
    return next(kind for part, kind in WORDS.items() if part in words)


def _kinds_set_aside(table: str) -> set[str]:
    file = str(Path(os.environ["DLT_LOCAL_DIR"]) / "warehouse.duckdb")
    aside = f"dev_shop.{table}_set_aside"
    with duckdb.connect(file) as connection:
        last = connection.execute(
            f"SELECT DISTINCT broken_promise FROM {aside}"
            f" WHERE set_aside_at = (SELECT max(set_aside_at) FROM {aside})"
        ).fetchall()
    return {_kind(words) for (words,) in last}


def _clock(moment: datetime) -> ExitStack:
    clocks = ExitStack()
    for module in CLOCKS:
        clocks.enter_context(clock(module, moment))
    return clocks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hourly", action="store_true")
    hourly = parser.parse_args().hourly
    tables = [name for name in TABLES if hourly or name != HOURLY]
    planted = faulty()
    faults = tuple(fault for fault in planted.faults if fault.table in tables)
    planted = replace(planted, faults=faults)
    for name, series in (("with faults", planted), ("clean", CLEAN)):
        with tempfile.TemporaryDirectory() as folder:
            os.environ |= {"DLT_LOCAL_DIR": folder, "PIPELINES_DIR": f"{folder}/p"}
            result = score(noticed(series, tables), series)
        print(f"{name}: recall {result.recall:.1%}")
        for fault in result.missed:
            print(f"  missed: {fault.kind} in {fault.table} on {fault.first_day}")
        for (table, quarter), number in sorted(result.false_alarms.items()):
            print(f"  false alarms: {number} in {table}, quarter {quarter}")


if __name__ == "__main__":
    main()
