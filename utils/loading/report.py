"""What a pipeline's run did to the destination: rows, schema changes, seconds, place."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Iterable, Iterator, Sequence

if TYPE_CHECKING:
    from rich.console import Group


@dataclass(frozen=True)
class TableLoad:
    """What one table received."""

    name: str
    rows: int
    bytes: int
    """Size of the files sent to the destination."""
    schema_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoadReport:
    """The outcome of one run of one pipeline.

    Printed with `str` it is plain lines, printed by rich it is a table.
    """

    pipeline: str
    destination_type: str
    """`duckdb`, `snowflake`, ..."""
    place: str
    """The destination's address, without secrets. For DuckDB and folders the path."""
    dataset: str
    tables: tuple[TableLoad, ...]
    load_ids: tuple[str, ...]
    """Load packages of this run, as in the dataset's `_dlt_loads` table."""
    recovered_load_ids: tuple[str, ...]
    """Load packages that an earlier, interrupted run had left, and this one finished."""
    seconds: float
    notes: tuple[str, ...] = ()
    """What the pipeline has to say beyond the figures."""

    @property
    def rows(self) -> int:
        """Rows sent to all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def summary(self) -> str:
        """One line: how much went where, and in which time."""
        if not self.load_ids and not self.recovered_load_ids:
            return f"Nothing new to load: {self.dataset} is up to date"
        return f"Loaded {self.rows:,} rows into {self.dataset} in {self.seconds:.1f} s"

    @property
    def how_to_look(self) -> str:
        """A command, the SQL or the address that shows the first table's rows."""
        table = self.tables[0].name if self.tables else "_dlt_loads"
        if self.destination_type == "filesystem":
            files = f"{self.place}/{self.dataset}/{table}/*.parquet"
            if "://" in self.place:
                return files
            return (
                'uv run python -c "import duckdb;'
                f" duckdb.connect().read_parquet(r'{os.path.relpath(files)}').show()\""
            )
        table = f"{self.dataset}.{table}"
        if self.destination_type != "duckdb":
            return f"SELECT * FROM {table} LIMIT 10"
        return (
            'uv run python -c "import duckdb;'
            f" duckdb.connect(r'{os.path.relpath(self.place)}').sql('FROM {table}').show()\""
        )

    def facts(self) -> Iterator[tuple[str, str]]:
        """What stands beneath the tables, as pairs of a name and a text."""
        if self.recovered_load_ids:
            yield "load id", (
                f"{', '.join(self.recovered_load_ids)},"
                " which an interrupted run had left"
            )
        for note in self.notes:
            yield "note", note
        yield "seconds", f"{self.seconds:.1f}"
        yield "load id", ", ".join(self.load_ids) or "none, nothing new to load"
        yield "place", f"{self.place}, dataset {self.dataset}"

    def __str__(self) -> str:
        lines = [
            f"table: {table.name}, {table.rows:,} rows, {table.bytes:,} bytes"
            for table in self.tables
        ]
        lines += [
            f"schema change: {table.name}, {change}"
            for table in self.tables
            for change in table.schema_changes
        ]
        lines += [f"{name}: {text}" for name, text in self.facts()]
        lines += [f"look: {self.how_to_look}"]
        return "\n".join(lines)

    def __rich__(self) -> Group:
        from rich import box
        from rich.console import Group
        from rich.filesize import decimal
        from rich.table import Table
        from rich.text import Text

        loads = Table(box=box.SIMPLE_HEAD, title=self.pipeline, title_justify="left")
        loads.add_column("Table", overflow="fold")
        loads.add_column("Rows", justify="right")
        loads.add_column("Size", justify="right")
        loads.add_column("Schema changes")
        for table in self.tables:
            loads.add_row(
                table.name,
                f"{table.rows:,}",
                decimal(table.bytes),
                "\n".join(table.schema_changes) or "none",
            )
        facts = Table.grid(padding=(0, 2))
        for name, text in self.facts():
            facts.add_row(Text(name, style="dim"), Text(text, overflow="fold"))
        # one line, however long, so that it can be copied
        look = Text(f"look     {self.how_to_look}", no_wrap=True, overflow="ignore")
        look.stylize("dim", 0, 4)
        return Group(loads, facts, look)


def combined(reports: Sequence[LoadReport]) -> LoadReport:
    """One report of runs of the same pipeline, one after the other."""
    tables: dict[str, TableLoad] = {}
    for table in chain.from_iterable(report.tables for report in reports):
        before = tables.get(table.name, TableLoad(table.name, rows=0, bytes=0))
        tables[table.name] = TableLoad(
            table.name,
            rows=before.rows + table.rows,
            bytes=before.bytes + table.bytes,
            schema_changes=before.schema_changes + table.schema_changes,
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
