"""Prefect's server on ECS: from an empty account to a completed run, and its restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Iterator

import pytest

from tests.end_to_end.platform import AUTH
from tests.end_to_end.server_on_ecs import HOST, ServerOnEcs, running_server_on_ecs
from tests.servers.images import Image
from tests.servers.postgres import Database, new_database
from tests.servers.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(
    image: Image, postgres: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerOnEcs]:
    """The server with a database that it has migrated, and no worker yet."""
    folder = tmp_path_factory.mktemp("server-on-ecs")
    with running_server_on_ecs(image, new_database(postgres), folder) as server:
        server.wait_for_server()
        yield server


def test_the_server_asks_for_the_password_and_tells_its_own_address(server):
    assert server.get("/api/ready").is_success
    assert server.get("/api/admin/version").status_code == 401
    version = server.get("/api/admin/version", auth=tuple(AUTH.split(":")))
    assert version.json() == "3.8.8"
    settings = server.get("/ui-settings").json()
    assert settings["api_url"] == f"https://{HOST}/api"
    page = server.get("/", headers={"Accept": "text/html"}, follow_redirects=True)
    assert "<title>" in page.text


def test_its_connections_to_the_database_are_encrypted(server):
    """Migrations, too: the extension pg_trgm is made by a user who is no superuser."""
    sql = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
    assert server.rds.query(f"{sql} WHERE usename = 'prefect'") == "t"
    assert server.rds.query("SELECT extname FROM pg_extension WHERE extname ~ 'trgm'")


def test_a_run_completes_through_a_worker_that_comes_later(server):
    platform = server.platform
    platform.outputs = server.cloud.update_stack("data-platform", MinimumWorkers="1")
    platform.command("blocks", "apply", "production")
    names = ("--name=flows.hello_world.hello_world/production",)
    platform.command("prefect", "--no-prompt", "deploy", *names)
    platform.wait_for_worker()
    run = platform.completed("hello_world/production")
    platform.wait_for_line(run.id, "Work pool production")
    assert server.rds.query("SELECT count(*) FROM flow_run") == "1"


def test_it_tells_the_alarms_that_it_works(server):
    """At its start it is not ready yet."""
    lines = [json.loads(line) for line in server.logged("pulse")]
    assert lines[0] == {"ready": 0}
    working = '{"ready": 1, "schedule_lag_seconds": 0}'
    until(lambda: working in server.logged("pulse"), "the pulse", 90)


def test_a_run_and_its_lease_outlive_the_servers_task(server):
    client, limits = server.platform.client, "/v2/concurrency_limits"
    limit = {"name": "products", "limit": 1, "slot_decay_per_second": 0}
    client.request("POST", f"{limits}/", json=limit)
    slot = {"names": ["products"], "slots": 1, "lease_duration": 300}
    answer = client.request("POST", f"{limits}/increment-with-lease", json=slot)
    task = server.wait_for_server()
    server.cloud.client("ecs").stop_task(
        cluster=server.outputs["ClusterArn"], task=task["taskArn"]
    )
    until(lambda: not server.is_up(), "the server's end")

    assert server.wait_for_server()["taskArn"] != task["taskArn"]
    renewal = f"{limits}/leases/{answer.json()['lease_id']}/renew"
    again = client.request("POST", renewal, json={"lease_duration": 300})
    assert again.status_code == 200
    server.platform.completed("hello_world/production")
    assert server.rds.query("SELECT count(*) FROM flow_run") == "2"
