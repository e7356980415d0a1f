"""Copies of real runs are read as real runs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient

from tests.drills.filled_database import (
    TABLES,
    fill,
    prefect_on_postgres,
    query,
    real_runs,
)
from utils.watch.history import Memory
from utils.watch.prefect_history import PrefectHistory

RUNS, PER_DAY = 200, 10
# They hold a run's id, and are not of one run, or empty.
OTHERS = {"artifact_collection", "flow_run_input"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def filled() -> Iterator[tuple[SyncPrefectClient, str, list[Any]]]:
    """Client of a server with a filled database, its URL, and the runs that were copied."""
    with prefect_on_postgres() as (platform, url):
        samples = real_runs(platform, url)
        fill(url, samples, RUNS, per_day=PER_DAY)
        with platform.client as client:
            yield client, url, [client.read_flow_run(each) for each in samples]


def runs_of(client: SyncPrefectClient, sample: Any) -> list[dict[str, Any]]:
    """Return all runs of a run's deployment, the oldest first."""
    of_it = {"deployments": {"id": {"any_": [str(sample.deployment_id)]}}}
    found = ask(client, "/flow_runs/filter", **of_it)
    return sorted(found, key=lambda run: run["end_time"])


def ask(client: SyncPrefectClient, path: str, **content: Any) -> Any:
    return client.request("POST", path, json=content).json()


def parts_of(client: SyncPrefectClient, run: str) -> dict[str, Counter[str]]:
    """Return what the API tells of a run, without ids and times."""
    of_it = {"flow_run_id": {"any_": [run]}}
    runs = {"flow_runs": {"id": {"any_": [run]}}}
    states = client.request("GET", "/flow_run_states/", params={"flow_run_id": run})
    logs = ask(client, "/logs/filter", logs=of_it)
    tasks = ask(client, "/task_runs/filter", **runs)
    artifacts = ask(client, "/artifacts/filter", artifacts=of_it)
    return {
        "states": Counter(each["name"] for each in states.json()),
        "logs": Counter(each["name"] for each in logs),
        "tasks": Counter(each["state"]["name"] for each in tasks),
        "artifacts": Counter(each["key"] for each in artifacts),
    }


def events_of(client: SyncPrefectClient, run: str) -> Counter[str]:
    related = {"id": [f"prefect.flow-run.{run}"]}
    long_ago = str(datetime.now(UTC) - timedelta(days=1000))
    wanted = {"any_resource": related, "occurred": {"since": long_ago}}
    answer = ask(client, "/events/filter", limit=50, filter=wanted)
    return Counter(each["event"] for each in answer["events"])


def test_each_deployment_has_its_share_of_all_runs(filled):
    client, _, samples = filled
    assert ask(client, "/flow_runs/count") == RUNS + len(samples)
    for sample in samples:
        assert len(runs_of(client, sample)) == RUNS / len(samples) + 1


def test_the_oldest_run_is_told_as_the_one_that_it_is_a_copy_of(filled):
    client, _, samples = filled
    for sample in samples:
        oldest, *_, newest = runs_of(client, sample)
        assert newest["id"] == str(sample.id)
        age = datetime.now(UTC) - datetime.fromisoformat(oldest["end_time"])
        assert age > timedelta(days=RUNS / PER_DAY - 1)
        assert oldest["state"]["timestamp"] == oldest["end_time"]
        assert oldest["total_run_time"] == newest["total_run_time"]
        assert parts_of(client, oldest["id"]) == parts_of(client, newest["id"])
        assert events_of(client, oldest["id"]) == Counter()


def test_a_young_run_has_the_events_of_the_one_that_it_is_a_copy_of(filled):
    client, _, samples = filled
    for sample in samples:
        _, *_, young, newest = runs_of(client, sample)
        events = events_of(client, young["id"])
        assert events == events_of(client, newest["id"])
        assert events["prefect.flow-run.Completed"] == 1


def test_nothing_of_a_copy_names_the_run_that_it_is_a_copy_of(filled):
    client, url, samples = filled
    for sample in samples:
        _, *_, young, _ = runs_of(client, sample)
        for table, condition in TABLES.items():
            where = condition.format(run=f"'{young['id']}'")
            rows = query(url, f"SELECT each::text FROM {table} each WHERE {where}")
            assert rows or table == "artifact"  # hello_world has none
            assert not [text for (text,) in rows if str(sample.id) in text]


def test_each_row_belongs_to_a_run_that_is_there(filled):
    _, url, _ = filled
    missing = "NOT EXISTS (SELECT FROM {} WHERE {}.id = {})"
    for table, of, column in (
        ("flow_run", "flow_run_state", "state_id"),
        ("flow_run_state", "flow_run", "flow_run_id"),
        ("task_run", "flow_run", "flow_run_id"),
        ("task_run", "task_run_state", "state_id"),
        ("task_run_state", "task_run", "task_run_id"),
        ("log", "flow_run", "flow_run_id"),
        ("artifact", "flow_run", "flow_run_id"),
        ("event_resources", "events", "event_id"),
    ):
        condition = missing.format(of, of, f"{table}.{column}")
        assert query(url, f"SELECT count(*) FROM {table} WHERE {condition}") == [(0,)]


def test_no_table_of_runs_is_forgotten(filled):
    _, url, _ = filled
    columns = "('flow_run_id', 'task_run_id', 'event_id')"
    found = query(
        url,
        "SELECT DISTINCT table_name FROM information_schema.columns"
        f" WHERE table_schema = 'public' AND column_name IN {columns}",
    )
    assert {table for (table,) in found} == TABLES.keys() - {
        "flow_run",
        "events",
    } | OTHERS


def test_watch_reads_the_copies(filled):
    client, _, samples = filled
    history = PrefectHistory(Memory()).look(client)
    found = {each.id: each for each in history.all_deployments}
    for sample in samples:
        deployment = found[str(sample.deployment_id)]
        assert deployment.usual_duration(history.now)
        assert len(deployment.successes) == len(deployment.runs) > 20
