"""Tables of a history as loads leave them on a Prefect server: in artifacts of the loads."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import cast
from unittest.mock import patch

import sqlalchemy as sa
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.server.database import orm_models

from tests.samples.clock import clock
from tests.utils.loading.test_report import REPORT
from tests.utils.watch import history_form as form
from tests.utils.watch.simulation import at
from utils.loading.report import LoadReport, TableLoad
from utils.promises.outcome import Outcome
from utils.runs.artifacts import loaded_tables
from utils.watch import history as known

ARTIFACT = cast(sa.Table, orm_models.Artifact.__table__)
LATEST = cast(sa.Table, orm_models.ArtifactCollection.__table__)


def leave_load(
    client: SyncPrefectClient,
    deployment: form.Deployment,
    table: form.Table,
    load: form.Load,
) -> None:
    """Create the artifact of a load as a run of the deployment does at its time."""
    runtime = {
        "PREFECT__RUNTIME__FLOW_RUN__FLOW_NAME": deployment.id,
        "PREFECT__RUNTIME__DEPLOYMENT__NAME": deployment.name,
    }
    report = report_of(table, load)
    with clock(loaded_tables, at(load.time)), patch.dict(os.environ, runtime):
        tables = loaded_tables.tables_of(report, loaded_tables.latest_tables(client))
    artifact = ArtifactCreate(
        key=f"{table.name}-load", metadata_=loaded_tables.metadata_of(tables)
    )
    # the client's own method also sends an event, by a server that it would start
    client.request("POST", "/artifacts/", json=artifact.model_dump(mode="json"))


def report_of(table: form.Table, load: form.Load) -> LoadReport:
    """Return the report of a load of one table, whose dataset has its name."""
    promise = None if table.promise is None else timedelta(seconds=table.promise)
    outcome = Outcome(at(load.newest), promise, set_aside=0, broken=())
    loaded = TableLoad(table.name, rows=1, bytes=1, outcome=outcome)
    return replace(REPORT, dataset=table.name, tables=(loaded,))


def without_dataset(table: known.Table) -> known.Table:
    """Return a table with its name in the history."""
    return replace(table, name=table.name.partition(".")[2])
