"""Tables as their last loads left them: in each load's artifact, an event, and one overview.

Prefect keeps artifacts for good, but events for seven days. So what is known of a table
stands in the metadata of the latest artifact of its dataset's loads.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Iterable, Iterator

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactCollectionFilter
from prefect.client.schemas.sorting import ArtifactCollectionSort
from prefect.events import emit_event
from prefect.runtime import deployment, flow_run
from pydantic import TypeAdapter

from utils.loading.report import LoadReport
from utils.promises.outcome import age, is_stale
from utils.redaction.texts import redact
from utils.reports import Fact, Report
from utils.reports.cells import titled
from utils.reports.phrases import counted, to_the_minute
from utils.runs.prefect_server import read_all

LOADED = "table.loaded"
LOADS = ArtifactCollectionFilter.model_validate({"key": {"like_": "%-load"}})
# Prefect cuts a longer text of an artifact's metadata.
LONGEST = 500
BROKEN = " broken"
# Of tables in the overview, after those with broken promises.
ORDER = {"kept": 1, "none": 2}


@dataclass(frozen=True)
class LoadedTable:
    """A table after its last load."""

    dataset: str
    table: str
    flow: str
    deployment: str
    """Deployment that loads it, as `flow/deployment`; empty if none ever has."""
    loaded: datetime
    rows: int
    newest: datetime | None = None
    longest_age: timedelta | None = None
    has_promises: bool = False
    fresh: datetime | None = None
    """When a load last left it as fresh as promised."""
    broken: str = ""
    """Broken promises in words."""

    @property
    def name(self) -> str:
        """Name with its dataset."""
        return f"{self.dataset}.{self.table}"


TABLE = TypeAdapter(LoadedTable)


def tables_of(report: LoadReport, known: list[LoadedTable]) -> list[LoadedTable]:
    """Return the tables of a load that has just ended, within its run.

    Args:
        report: Report of the load.
        known: Tables as they were before. One that a deployment loads stays its own if
            somebody loads it from a terminal.
    """
    now = datetime.now(UTC)
    flow, name = flow_run.flow_name or report.pipeline, deployment.name
    before = {each.name: each for each in known}
    tables = []
    for each in report.tables:
        table = LoadedTable(
            dataset=report.dataset,
            table=each.name,
            flow=flow,
            deployment=f"{flow}/{name}" if name else "",
            loaded=now,
            rows=each.rows,
        )
        old = before.get(table.name)
        if old and not name:
            table = replace(table, deployment=old.deployment)
        if each.outcome:
            newest, longest_age = each.outcome.newest, each.outcome.longest_age
            fresh: datetime | None = now
            if is_stale(newest, longest_age, now):
                fresh = old.fresh if old else None
            table = replace(
                table,
                newest=newest,
                longest_age=longest_age,
                has_promises=True,
                fresh=fresh,
                broken=redact("; ".join(each.outcome.broken)),
            )
        tables.append(table)
    return tables


def metadata_of(tables: list[LoadedTable]) -> dict[str, str]:
    """Return what an artifact keeps of the tables, by their names."""
    kept = {}
    for table in tables:
        facts = TABLE.dump_json(table, exclude={"dataset", "table", "broken"})
        kept[table.name] = facts.decode()
        if table.broken:
            kept[table.name + BROKEN] = table.broken[:LONGEST]
    return kept


def latest_tables(client: SyncPrefectClient) -> list[LoadedTable]:
    """Return each table after its last load."""
    found: list[LoadedTable] = []
    for artifact in read_all(
        client.read_latest_artifacts,
        artifact_filter=LOADS,
        sort=ArtifactCollectionSort.ID_DESC,
    ):
        found += _tables(artifact.metadata_ or {})
    return merged(found)


def merged(tables: Iterable[LoadedTable]) -> list[LoadedTable]:
    """Return each table once: its last load that had promises, else the last one.

    The load of an old range has none, and says nothing of how fresh its table is.
    """
    found: dict[str, LoadedTable] = {}
    for table in sorted(tables, key=lambda each: (each.has_promises, each.loaded)):
        found[table.name] = table
    return list(found.values())


def say_loaded(report: LoadReport, tables: list[LoadedTable]) -> None:
    """Send an event `table.loaded` for each table of a load."""
    for each, table in zip(report.tables, tables):
        emit_event(
            LOADED,
            resource={
                "prefect.resource.id": f"data-platform.table.{table.name}",
                "prefect.resource.name": table.name,
            },
            payload={
                **TABLE.dump_python(table, mode="json"),
                "bytes": each.bytes,
                "seconds": round(report.seconds, 1),
                "schema_changes": list(titled(each.schema_changes)),
                "set_aside": each.outcome.set_aside if each.outcome else 0,
            },
        )


@dataclass(frozen=True)
class TablesReport(Report):
    """Overview of the tables that flows have loaded, with their promises."""

    columns = {
        "table": "text",
        "newest value (UTC)": "text",
        "last load (UTC)": "text",
        "rows loaded": "count",
        "promises": "text",
    }
    key = "tables"

    now: datetime
    tables: tuple[LoadedTable, ...]

    @property
    def summary(self) -> str:
        """Numbers of tables, and of those with broken promises, in one line."""
        tables = counted(len(self.tables), "table")
        states = [self._state(each) for each in self.tables if each.has_promises]
        if not states:
            return f"{tables}, none with promises"
        broken = sum(state != "kept" for state in states)
        return (
            f"{tables}, {len(states):,} with promises,"
            f" {f'{broken:,} broken' if broken else 'all kept'}"
        )

    def cells(self) -> Iterator[tuple[str, str, str, int, str]]:
        """Return the tables, those with broken promises first."""
        states = [(self._state(each), each) for each in self.tables]
        states.sort(key=lambda it: (ORDER.get(it[0], 0), it[1].name))
        for state, each in states:
            yield each.name, _time(each.newest), _time(each.loaded), each.rows, state

    def facts(self) -> Iterator[Fact]:
        """Return the broken promises, which a page of all versions shows, and the time."""
        for table in self.tables:
            if self._state(table) not in ORDER:
                yield Fact(table.name, self._state(table))
        yield Fact("as of", f"{_time(self.now)} UTC")

    def _state(self, table: LoadedTable) -> str:
        """Return what became of a table's promises, in words."""
        if table.broken:
            return table.broken
        if table.longest_age and is_stale(table.newest, table.longest_age, self.now):
            return f"stale: promised to be less than {age(table.longest_age)} old"
        return "kept" if table.has_promises else "none"


def _tables(metadata: dict[str, str]) -> Iterator[LoadedTable]:
    for name, text in metadata.items():
        if not name.endswith(BROKEN):
            dataset, _, table = name.partition(".")
            named = {"dataset": dataset, "table": table}
            broken = metadata.get(name + BROKEN, "")
            with suppress(ValueError, TypeError):  # an artifact of somebody else's
                facts = json.loads(text)
                yield TABLE.validate_python({**facts, **named, "broken": broken})


def _time(at: datetime | None) -> str:
    return to_the_minute(at) if at else "none"
