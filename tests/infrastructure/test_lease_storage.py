"""Leases of a real server that is away for longer than they last."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Iterator
from uuid import UUID, uuid4

import pytest
from prefect.exceptions import PrefectHTTPStatusError
from prefect.server.concurrency.lease_storage import ConcurrencyLimitLeaseMetadata
from prefect.states import Crashed, Pending, Running

from infrastructure import lease_storage
from infrastructure.lease_storage import ConcurrencyLeaseStorage
from tests.servers.local_server import RunningServer, running_local_server
from tests.servers.ports import free_port
from tests.servers.prefect import running_server
from tests.servers.waiting import until


@contextmanager
def server_with_prefects_own(home: Path) -> Iterator[RunningServer]:
    """Run a server whose leases are on disk by Prefect's own module."""
    url = f"http://127.0.0.1:{free_port()}"
    module = "prefect.server.concurrency.lease_storage.filesystem"
    settings = {"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": module}
    with running_server(home, f"{url}/api", settings):
        yield RunningServer(url, home)


def held_lease(server: RunningServer) -> str:
    """Take the only slot of a new limit, and return the path that renews its lease."""
    limit = {"name": "products", "limit": 1, "slot_decay_per_second": 0}
    server.ask("POST", "/v2/concurrency_limits/", limit)
    slot = {"names": ["products"], "slots": 1, "lease_duration": 300}
    answer = server.ask("POST", "/v2/concurrency_limits/increment-with-lease", slot)
    return f"/v2/concurrency_limits/leases/{answer['lease_id']}/renew"


def slots(server: RunningServer) -> int:
    return server.ask("GET", "/v2/concurrency_limits/products")["active_slots"]


def let_expire(home: Path) -> None:
    """Date what the server keeps of leases back, as if it had been away for an hour."""
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for file in (home / "concurrency_leases").glob("*.json"):
        kept = json.loads(file.read_text())
        dated = {"expiration": past} if "id" in kept else dict.fromkeys(kept, past)
        file.write_text(json.dumps(kept | dated))


@pytest.mark.slow
def test_a_run_renews_its_lease_when_the_server_is_back(tmp_path):
    """Prefect's own module gives its slot away: this project's is still needed."""
    ours, theirs = tmp_path / "ours", tmp_path / "Prefect's own"
    with running_local_server(ours) as server:
        renewal = held_lease(server)
    with server_with_prefects_own(theirs) as other:
        lost_renewal = held_lease(other)
    for home in (ours, theirs):
        let_expire(home)
    with (
        running_local_server(ours) as server,
        server_with_prefects_own(theirs) as other,
    ):
        until(lambda: slots(other) == 0, "the end of the lease", seconds=60)
        with pytest.raises(PrefectHTTPStatusError, match="410"):
            other.ask("POST", lost_renewal, {"lease_duration": 300})
        assert slots(server) == 1
        server.ask("POST", renewal, {"lease_duration": 300})


def test_a_lease_that_nobody_renews_ends_later(tmp_path, monkeypatch):
    storage = ConcurrencyLeaseStorage(tmp_path)
    lost = asyncio.run(storage.create_lease([uuid4()], timedelta(seconds=-1)))
    asyncio.run(storage.create_lease([uuid4()], timedelta(seconds=60)))
    monkeypatch.setattr(lease_storage, "_STARTED", time.monotonic() - 329)
    assert asyncio.run(storage.read_expired_lease_ids()) == []
    monkeypatch.setattr(lease_storage, "_STARTED", time.monotonic() - 331)
    assert asyncio.run(storage.read_expired_lease_ids()) == [lost.id]


@pytest.mark.slow
def test_the_end_of_a_lost_run_does_not_take_its_successors_slot(tmp_path):
    """Prefect's own module does, so that a third run would begin beside the second."""
    with running_local_server(tmp_path / "ours") as server:
        assert slots_after_the_end_of_a_lost_run(server) == 1
    with server_with_prefects_own(tmp_path / "Prefect's own") as server:
        assert slots_after_the_end_of_a_lost_run(server) == 0


def slots_after_the_end_of_a_lost_run(server: RunningServer) -> int:
    """Return how many slots are taken while the successor of a lost run is running."""
    client = server.client
    deployment = client.create_deployment(
        client.create_flow_from_name("products"), "dev", concurrency_limit=1
    )
    runs = []
    for _ in range(2):
        run = client.create_flow_run_from_deployment(deployment)
        for state in (Pending(), Running()):
            client.set_flow_run_state(run.id, state)
        runs.append(client.read_flow_run(run.id))
        if len(runs) == 1:  # its lease ends
            lease = runs[0].state.state_details.deployment_concurrency_lease_id
            path = "/v2/concurrency_limits/decrement-with-lease"
            client.request("POST", path, json={"lease_id": str(lease)})
    client.set_flow_run_state(runs[0].id, Crashed())
    assert client.read_flow_run(runs[1].id).state_name == "Running"
    return client.read_deployment(deployment).global_concurrency_limit.active_slots


def test_a_removed_lease_is_remembered_for_a_week(tmp_path):
    storage = ConcurrencyLeaseStorage(tmp_path)
    old = tmp_path / "released" / "2026-01-01"
    old.mkdir(parents=True)
    metadata = ConcurrencyLimitLeaseMetadata(slots=1)
    ids = [uuid4()]
    lease = asyncio.run(storage.create_lease(ids, timedelta(seconds=60), metadata))
    asyncio.run(storage.revoke_lease(lease.id))
    asyncio.run(storage.revoke_lease(lease.id))

    found = asyncio.run(storage.read_lease(lease.id))
    assert found.metadata.slots == 0 and found.resource_ids == ids
    assert not asyncio.run(storage.renew_lease(lease.id, timedelta(seconds=60)))
    assert asyncio.run(storage.read_active_lease_ids()) == []
    assert asyncio.run(storage.read_lease(uuid4())) is None
    assert not old.exists()


def test_leases_that_a_restored_database_does_not_know_are_forgotten(tmp_path):
    storage = ConcurrencyLeaseStorage(tmp_path)
    metadata = ConcurrencyLimitLeaseMetadata(slots=1)

    def lease() -> UUID:
        lasts = timedelta(seconds=60)
        return asyncio.run(storage.create_lease([uuid4()], lasts, metadata)).id

    known, ended = lease(), lease()
    backup = datetime.now(UTC)
    later = lease()
    asyncio.run(storage.revoke_lease(ended))
    storage.forget_since(backup)
    left = [asyncio.run(storage.read_lease(each)) for each in (known, ended, later)]
    assert [each.id if each else None for each in left] == [known, None, None]
