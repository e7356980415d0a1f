"""Tables as their last loads left them, read back from a real Prefect server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate

from tests.servers.prefect_api import artifacts_of
from tests.servers.waiting import until
from tests.utils.loading.test_report import REPORT
from utils.loading.report import TableLoad
from utils.promises.outcome import Outcome
from utils.runs.artifacts.loaded_tables import (
    LoadedTable,
    TablesReport,
    latest_tables,
    merged,
    metadata_of,
    tables_of,
)
from utils.runs.artifacts.reports import publish

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def loaded(dataset: str, *tables: TableLoad) -> dict[str, dict]:
    """Publish a load's report in a run, and return the run's artifacts."""

    @flow(name="feed_pets")
    def feed_pets():
        publish(replace(REPORT, dataset=dataset, tables=tables))

    return artifacts_of(feed_pets(return_state=True).state_details.flow_run_id)


def table(name: str, newest: datetime | None, *broken: str) -> TableLoad:
    outcome = Outcome(newest, DAY, set_aside=0, broken=broken)
    return TableLoad(name, 7, 700, outcome=outcome)


def known(dataset: str) -> dict[str, LoadedTable]:
    with get_client(sync_client=True) as client:
        found = latest_tables(client)
    return {each.table: each for each in found if each.dataset == dataset}


def test_what_a_load_left_can_be_read_back(prefect_api):
    loaded("dev_pets", table("pets", NOW), TableLoad("owners", 1, 10))
    found = known("dev_pets")

    pets = found["pets"]
    assert (pets.name, pets.flow, pets.rows) == ("dev_pets.pets", "feed_pets", 7)
    assert pets.deployment == ""
    assert (pets.newest, pets.longest_age) == (NOW, DAY)
    assert NOW < pets.loaded < datetime.now(UTC)
    assert not found["owners"].has_promises
    # the next load counts, of the same dataset alone
    loaded("dev_pets", table("pets", NOW + DAY, "x" * 900))
    loaded("prod_pets", table("pets", NOW - DAY))
    assert known("dev_pets")["pets"].newest == NOW + DAY
    assert known("dev_pets")["pets"].broken.startswith("x" * 400)
    assert known("prod_pets")["pets"].newest == NOW - DAY


def test_the_overview_has_a_row_a_table_those_with_broken_promises_first(prefect_api):
    loaded("dev_zoo", TableLoad("keepers", 1, 10), table("pens", NOW))
    artifacts = loaded(
        "dev_pets_too",
        table("toys", NOW, "toys got 7 rows, and usually gets 100 on a Monday"),
        table("stale", NOW - 2 * DAY),
    )
    rows = json.loads(artifacts["tables"]["data"])
    ours = [row for row in rows if row["table"].startswith(("dev_zoo", "dev_pets_too"))]
    assert [(row["table"], row["promises"]) for row in ours] == [
        ("dev_pets_too.stale", "stale: promised to be less than 24 hours old"),
        ("dev_pets_too.toys", "toys got 7 rows, and usually gets 100 on a Monday"),
        ("dev_zoo.pens", "kept"),
        ("dev_zoo.keepers", "none"),
    ]
    assert ours[2]["newest value (UTC)"] == f"{NOW:%Y-%m-%d %H:%M}"
    assert ours[3]["newest value (UTC)"] == "none"
    stale = "dev_pets_too.stale: stale: promised to be less than 24 hours old"
    assert stale in artifacts["tables"]["description"]


def test_a_table_stays_its_deployments_if_it_is_loaded_from_a_terminal(prefect_api):
    before = LoadedTable("prod_pets", "pets", "feed", "feed/production", NOW, 1)
    report = replace(REPORT, dataset="prod_pets", tables=(table("pets", NOW),))
    (after,) = tables_of(report, [before])
    assert (after.deployment, after.rows) == ("feed/production", 7)
    (other,) = tables_of(replace(report, dataset="dev_pets"), [before])
    assert other.deployment == ""


def test_a_stale_table_keeps_when_a_load_last_left_it_fresh(prefect_api):
    def after(newest: datetime, *known: LoadedTable) -> LoadedTable:
        report = replace(REPORT, dataset="pets", tables=(table("pets", newest),))
        return tables_of(report, list(known))[0]

    never = after(NOW - 2 * DAY)
    assert never.fresh is None
    fresh = after(NOW, never)
    assert fresh.fresh == fresh.loaded
    stale = after(NOW - DAY, fresh)
    assert stale.fresh == fresh.loaded < stale.loaded


def test_names_as_long_as_a_database_takes_are_kept(prefect_api):
    long = replace(
        LoadedTable("d" * 63, "t" * 63, "f" * 60, f"{'f' * 60}/{'n' * 60}", NOW, 10**9),
        **{"newest": NOW, "longest_age": 1000 * DAY, "has_promises": True},
        **{"fresh": NOW, "broken": "b" * 500},
    )
    metadata = metadata_of([long])
    with get_client(sync_client=True) as client:
        client.create_artifact(
            ArtifactCreate(key="long-load", type="table", metadata_=metadata)
        )
        assert long in latest_tables(client)


def test_the_load_of_an_old_range_says_nothing_of_a_promise():
    promised = LoadedTable("pets", "pets", "feed", "", NOW, 1, NOW, DAY, True)
    of_range = replace(promised, loaded=NOW + DAY, has_promises=False, longest_age=None)
    later = replace(promised, loaded=NOW + 2 * DAY)
    assert merged([of_range, promised]) == [promised]
    assert merged([promised, later]) == merged([later, promised]) == [later]
    assert merged([of_range]) == [of_range]


def test_an_artifact_of_somebody_elses_is_passed_over(prefect_api):
    @flow
    def others():
        with get_client(sync_client=True) as client:
            client.create_artifact(
                ArtifactCreate(
                    key="others-load", type="table", data="[]", metadata_={"a": "b"}
                )
            )

    others()
    with get_client(sync_client=True) as client:
        assert "a" not in {each.table for each in latest_tables(client)}


def test_the_summary_counts_broken_promises():
    def summary(*tables: LoadedTable) -> str:
        return TablesReport(NOW, tables).summary

    kept = LoadedTable("pets", "pets", "feed", "", NOW, 1, NOW, DAY, has_promises=True)
    assert summary(kept) == "1 table, 1 with promises, all kept"
    stale = replace(kept, newest=NOW - DAY)
    told = replace(kept, broken="half the rows")
    none = LoadedTable("pets", "toys", "feed", "", NOW, 1)
    assert summary(kept, none, stale) == "3 tables, 2 with promises, 1 broken"
    assert summary(told, stale) == "2 tables, 2 with promises, 2 broken"
    assert summary(none) == "1 table, none with promises"


def test_each_table_of_a_load_is_an_event(prefect_api):
    newest = NOW - DAY / 2
    loaded("dev_zoo_events", table("pens", newest), TableLoad("keepers", 1, 10))

    asked = {"event": {"name": ["table.loaded"]}}
    resource = "data-platform.table.dev_zoo_events.pens"

    def events() -> list[dict]:
        with get_client(sync_client=True) as client:
            found = client.request("POST", "/events/filter", json={"filter": asked})
        return [
            each
            for each in found.json()["events"]
            if each["resource"]["prefect.resource.id"] == resource
        ]

    until(events, "the event", 30)
    (event,) = events()
    payload = event["payload"]
    assert payload["rows"] == 7 and payload["bytes"] == 700
    assert payload["seconds"] == 1.5 and payload["schema_changes"] == []
    assert datetime.fromisoformat(payload["newest"]) == newest
    related = {each["prefect.resource.role"] for each in event["related"]}
    assert {"flow-run", "flow"} <= related
