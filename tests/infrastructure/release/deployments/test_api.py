"""Deployments created, read and updated on a real Prefect server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Iterator

import pytest

from infrastructure.release.deployments import ServerDeployment, planned_deployment
from infrastructure.release.prefect_file import read_prefect_file
from tests.samples.pets_prefect_file import CATS, FILE

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

NAME = "test_api"


@pytest.fixture
def client(prefect_api: str) -> Iterator[SyncPrefectClient]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=NAME, type="process"))
        yield client
        for each in client.read_deployments():
            if each.name == NAME:
                client.delete_deployment(each.id)
        client.delete_work_pool(NAME)


@pytest.fixture
def planned() -> ServerDeployment:
    cats, _ = read_prefect_file(FILE).production
    found = planned_deployment(cats, CATS, "registry/pets:a-b", "0123456789")
    fields = found.fields | {"work_pool_name": NAME, "tags": []}
    return replace(found, name=NAME, fields=fields)


def read(client: SyncPrefectClient) -> ServerDeployment:
    from infrastructure.release.deployments.api import read_deployments

    found = read_deployments(client, [NAME])
    return next(each for each in found if each.name == NAME)


def test_a_deployment_becomes_as_planned(client, planned):
    from infrastructure.release.deployments.api import create, update

    created = create(client, planned)
    half_way = read(client)
    assert half_way.id == created.id
    assert half_way.fields["work_pool_name"] is None
    assert half_way.fields["schedules"] == []

    update(client, planned, created)
    assert planned.differences(read(client)) == ()


def test_an_update_replaces_schedules_and_adds_a_queue(client, planned):
    from infrastructure.release.deployments.api import create, update

    update(client, planned, create(client, planned))
    schedule = planned.fields["schedules"][0] | {"cron": "0 6 * * *", "slug": "six"}
    for fields in (
        {"schedules": [schedule]},
        {"schedules": [schedule], "work_queue_name": "fast"},
        {"schedules": [], "concurrency_limit": None},
    ):
        changed = replace(planned, fields=planned.fields | fields)
        update(client, changed, read(client))
        assert changed.differences(read(client)) == ()


def test_the_last_start_of_runs_that_are_due_soon(client, planned):
    from prefect.states import Scheduled
    from prefect.types._datetime import now

    from infrastructure.release.deployments.api import create, last_start

    created = create(client, planned)
    starts = [now("UTC") + timedelta(minutes=minutes) for minutes in (10, 20, 90)]
    for start in starts:
        client.create_flow_run_from_deployment(
            created.server_id, state=Scheduled(scheduled_time=start)
        )

    assert last_start(client, [created.server_id], timedelta(hours=1)) == starts[1]
    assert last_start(client, [created.server_id], timedelta(minutes=1)) is None


def test_deployments_are_read_page_by_page(client, planned, monkeypatch):
    """Deployments beyond the first page would be created again, and never deleted."""
    from infrastructure.release.deployments import api

    monkeypatch.setattr(api, "PAGE", 2)
    flows = [f"cats-{number}" for number in range(5)]
    for flow in flows:
        api.create(client, replace(planned, flow=flow))

    found = api.read_deployments(client, [NAME])

    assert sorted(each.flow for each in found if each.name == NAME) == flows
