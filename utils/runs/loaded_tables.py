"""Tables as their last loads left them: in each load's artifact, an event, and one overview.

Prefect keeps artifacts for good, but events for seven days. So what is known of a table
stands in the metadata of the latest artifact of its dataset's loads.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Iterator

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter
from prefect.client.schemas.objects import ArtifactCollection
from prefect.events import emit_event
from prefect.runtime import deployment, flow_run
from pydantic import TypeAdapter, ValidationError

from utils.loading.report import LoadReport
from utils.promises.outcome import age
from utils.redaction.texts import redact
from utils.reports import Fact, Report, titled
from utils.runs.prefect_server import read_all

LOADED = "table.loaded"
# Prefect cuts a longer text of an artifact's metadata.
LONGEST = 500
BROKEN = " broken"


@dataclass(frozen=True)
class LoadedTable:
    """A table after its last load."""

    dataset: str
    table: str
    flow: str
    loaded: datetime
    rows: int
    newest: datetime | None = None
    longest_age: timedelta | None = None
    has_promises: bool = False
    broken: str = ""
    """Broken promises in words."""

    @property
    def name(self) -> str:
        """Name with its dataset."""
        return f"{self.dataset}.{self.table}"

    def is_stale(self, now: datetime) -> bool:
        """Return whether its newest value has become older than promised."""
        if self.newest is None or self.longest_age is None:
            return False
        return now - self.newest >= self.longest_age


TABLE = TypeAdapter(LoadedTable)


def tables_of(report: LoadReport) -> list[LoadedTable]:
    """Return the tables of a load that has just ended, within its run."""
    now = datetime.now(UTC)
    return [
        LoadedTable(
            dataset=report.dataset,
            table=each.name,
            flow=flow_run.flow_name or report.pipeline,
            loaded=now,
            rows=each.rows,
            newest=each.outcome.newest if each.outcome else None,
            longest_age=each.outcome.longest_age if each.outcome else None,
            has_promises=each.outcome is not None,
            broken=redact("; ".join(each.outcome.broken)) if each.outcome else "",
        )
        for each in report.tables
    ]


def metadata_of(tables: list[LoadedTable]) -> dict[str, str]:
    """Return what an artifact keeps of the tables."""
    kept = {}
    for table in tables:
        kept[table.name] = TABLE.dump_json(table, exclude={"broken"}).decode()
        if table.broken:
            kept[table.name + BROKEN] = table.broken[:LONGEST]
    return kept


def latest_tables(
    client: SyncPrefectClient, loaded_by: DeploymentFilter | None = None
) -> list[LoadedTable]:
    """Return each table after its last load.

    Args:
        client: Prefect API client.
        loaded_by: Deployments whose loads count. All loads count if None.
    """
    found: dict[str, LoadedTable] = {}
    for artifact in read_all(partial(_latest_artifacts, client, loaded_by)):
        for table in _tables(artifact.metadata_ or {}):
            before = found.get(table.name)
            if before is None or table.loaded > before.loaded:
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
                "deployment": deployment.name,
            },
        )


@dataclass(frozen=True)
class TablesReport(Report):
    """All tables that flows have loaded, with their promises."""

    columns = {
        "table": "text",
        "newest value": "text",
        "last load": "text",
        "rows": "count",
        "promises": "text",
    }
    key = "tables"

    now: datetime
    tables: tuple[LoadedTable, ...]

    @classmethod
    def read(cls) -> TablesReport:
        """Read the tables as they are now."""
        with get_client(sync_client=True) as client:
            tables = latest_tables(client)
        return cls(datetime.now(UTC), tuple(tables))

    @property
    def summary(self) -> str:
        """Numbers of tables, and of those with broken promises, in one line."""
        tables = f"{len(self.tables):,} table{'s' * (len(self.tables) != 1)}"
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
        order = {"kept": 1, "none": 2}
        for state, each in sorted(
            states, key=lambda it: (order.get(it[0], 0), it[1].name)
        ):
            yield each.name, _time(each.newest), _time(each.loaded), each.rows, state

    def facts(self) -> Iterator[Fact]:
        """Return when this was true."""
        yield Fact("as of", _time(self.now))

    def _state(self, table: LoadedTable) -> str:
        """Return what became of a table's promises, in words."""
        if table.broken:
            return table.broken
        if table.is_stale(self.now) and table.longest_age:
            return f"stale: promised to be less than {age(table.longest_age)} old"
        return "kept" if table.has_promises else "none"


def _latest_artifacts(
    client: SyncPrefectClient,
    loaded_by: DeploymentFilter | None,
    limit: int,
    offset: int,
) -> list[ArtifactCollection]:
    """Return a page of the latest artifact of each key of loads."""
    asked: dict[str, Any] = {
        "artifacts": {"key": {"like_": "%-load"}},
        "limit": limit,
        "offset": offset,
    }
    if loaded_by:
        # Prefect's client has no way to ask for deployments here
        asked["deployments"] = loaded_by.model_dump(mode="json", exclude_unset=True)
    answer = client.request("POST", "/artifacts/latest/filter", json=asked)
    return ArtifactCollection.model_validate_list(answer.json())


def _tables(metadata: dict[str, str]) -> Iterator[LoadedTable]:
    for name, text in metadata.items():
        if not name.endswith(BROKEN):
            with suppress(ValidationError):  # an artifact of somebody else's
                table = TABLE.validate_json(text)
                yield replace(table, broken=metadata.get(name + BROKEN, ""))


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "none"
