"""The report of a load: rows, schema changes, seconds, and where the rows are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import Iterable, Iterator, Sequence

from utils.promises.outcome import Outcome
from utils.reports import Fact, Report
from utils.reports.cells import Lists


@dataclass(frozen=True)
class TableLoad:
    """The rows and schema changes that one table received."""

    name: str
    rows: int
    bytes: int
    """Size of the files sent to the destination."""
    schema_changes: Lists = ()
    replaced: bool = False
    """Whether the rows replaced those of before."""
    outcome: Outcome | None = None
    """Outcome of the table's promises, None if it has none."""


@dataclass(frozen=True)
class LoadReport(Report):
    """The outcome of one run of one pipeline."""

    columns = {
        "table": "text",
        "rows": "count",
        "bytes": "bytes",
        "schema changes": "lists",
    }

    pipeline: str
    destination_type: str
    """`duckdb`, `snowflake`, ..."""
    place: str
    """Address of the destination without secrets. A path for DuckDB and folders."""
    dataset: str
    tables: tuple[TableLoad, ...]
    load_ids: tuple[str, ...]
    """Load packages of this run. The dataset lists them in `_dlt_loads`."""
    recovered_load_ids: tuple[str, ...]
    """Load packages of an interrupted run, finished by this one."""
    seconds: float
    notes: tuple[str, ...] = ()
    """The pipeline's remarks on the source or the load."""

    @property
    def key(self) -> str:
        """Name of the dataset's loads. A range's, whose pipeline has another name, differs."""
        is_range = self.pipeline not in self.dataset
        return f"{self.dataset}-{'range-' if is_range else ''}load"

    @property
    def rows(self) -> int:
        """Number of rows sent to all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def summary(self) -> str:
        """Rows, dataset and seconds in one line."""
        if not self.load_ids and not self.recovered_load_ids:
            return f"Nothing new to load: {self.dataset} is up to date"
        return f"Loaded {self.rows:,} rows into {self.dataset} in {self.seconds:.1f} s"

    @property
    def broken_promises(self) -> list[str]:
        """Broken promises of all tables in words."""
        outcomes = [table.outcome for table in self.tables if table.outcome]
        return [text for outcome in outcomes for text in outcome.broken]

    @property
    def how_to_look(self) -> str:
        """Command, query or address that shows the first table's rows."""
        from utils.destinations.pipelines import type_named

        table = self.tables[0].name if self.tables else "_dlt_loads"
        destination_type = type_named(self.destination_type)
        return destination_type.how_to_look(self.place, self.dataset, table)

    def cells(self) -> Iterator[tuple[str, int, int, Lists]]:
        """Return each table's figures and schema changes."""
        for table in self.tables:
            yield table.name, table.rows, table.bytes, table.schema_changes

    def facts(self) -> Iterator[Fact]:
        """Return notes, seconds, load ids, the place, and how to look at the rows."""
        if self.recovered_load_ids:
            ids = ", ".join(self.recovered_load_ids)
            yield Fact("load id", f"{ids}, which an interrupted run had left")
        for text in self.broken_promises:
            yield Fact("promise", text)
        for note in self.notes:
            yield Fact("note", note)
        yield Fact("seconds", f"{self.seconds:.1f}")
        yield Fact("load id", ", ".join(self.load_ids) or "none, nothing new to load")
        yield Fact("place", f"{self.place}, dataset {self.dataset}")
        yield Fact("look", self.how_to_look, to_copy=True)


def combined(reports: Sequence[LoadReport]) -> LoadReport:
    """Merge the reports of successive runs of one pipeline."""
    tables: dict[str, TableLoad] = {}
    for table in chain.from_iterable(report.tables for report in reports):
        before = tables.get(table.name, TableLoad(table.name, rows=0, bytes=0))
        tables[table.name] = TableLoad(
            table.name,
            rows=before.rows + table.rows,
            bytes=before.bytes + table.bytes,
            schema_changes=before.schema_changes + table.schema_changes,
            replaced=before.replaced or table.replaced,
            outcome=_of_both(before.outcome, table.outcome),
        )
    return replace(
        reports[-1],
        tables=tuple(tables.values()),
        load_ids=_of_all(report.load_ids for report in reports),
        recovered_load_ids=_of_all(report.recovered_load_ids for report in reports),
        seconds=sum(report.seconds for report in reports),
        notes=_of_all(report.notes for report in reports),
    )


def _of_all(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(parts))


def _of_both(before: Outcome | None, after: Outcome | None) -> Outcome | None:
    if before is None or after is None:
        return after or before
    return replace(
        after,
        set_aside=before.set_aside + after.set_aside,
        broken=tuple(dict.fromkeys((*before.broken, *after.broken))),
    )
