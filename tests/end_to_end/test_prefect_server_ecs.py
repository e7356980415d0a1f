"""Prefect's server on ECS: from an empty account to a completed run, and its restart."""

from __future__ import annotations

import json
from typing import Iterator

import prefect
import pytest
from prefect.exceptions import PrefectHTTPStatusError

from tests.end_to_end.platform import AUTH
from tests.end_to_end.server_on_ecs import HOST, ServerOnEcs, running_server_on_ecs
from tests.infrastructure.templates import SERVER_STACK
from tests.servers.images import Image
from tests.servers.postgres import Database, new_database
from tests.servers.waiting import until

LIMITS = "/v2/concurrency_limits"


@pytest.fixture(scope="module")
def server(
    image: Image, postgres: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerOnEcs]:
    """The server with a database that it has migrated, and no worker yet."""
    folder = tmp_path_factory.mktemp("server-on-ecs")
    with running_server_on_ecs(image, new_database(postgres), folder) as server:
        server.wait_for_server()
        yield server


@pytest.mark.slow
def test_the_server_asks_for_the_password_and_tells_its_own_address(server):
    assert server.get("/api/ready").is_success
    assert server.get("/api/admin/version").status_code == 401
    version = server.get("/api/admin/version", auth=tuple(AUTH.split(":")))
    assert version.json() == prefect.__version__
    settings = server.get("/ui-settings").json()
    assert settings["api_url"] == "/api"
    forwarded = {"X-Forwarded-Proto": "https", "Host": HOST}
    moved = server.get("/api/flows", headers=forwarded, auth=tuple(AUTH.split(":")))
    assert moved.headers["Location"] == f"https://{HOST}/api/flows/"
    page = server.get("/", headers={"Accept": "text/html"}, follow_redirects=True)
    assert "<title>" in page.text


@pytest.mark.slow
def test_its_connections_to_the_database_are_encrypted(server):
    """Migrations, too: the extension pg_trgm is made by a user who is no superuser."""
    sql = "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
    assert server.rds.query(f"{sql} WHERE usename = 'prefect'") == "t"
    assert server.rds.query("SELECT extname FROM pg_extension WHERE extname ~ 'trgm'")


@pytest.mark.slow
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


@pytest.mark.slow
def test_it_tells_the_alarms_that_it_works(server):
    """At its start it is not ready yet."""
    lines = [json.loads(line) for line in server.logged("pulse")]
    assert lines[0] == {"ready": 0}
    working = '{"ready": 1, "schedule_lag_seconds": 0}'
    until(lambda: working in server.logged("pulse"), "the pulse", 90)


@pytest.mark.slow
def test_runs_and_leases_outlive_the_servers_task(server):
    lease, task = new_lease(server, "products"), server.wait_for_server()
    server.cloud.client("ecs").stop_task(
        cluster=server.outputs["ClusterArn"], task=task["taskArn"]
    )
    until(lambda: not server.is_up(), "the server's end")

    assert server.wait_for_server()["taskArn"] != task["taskArn"]
    renewal = f"{LIMITS}/leases/{lease}/renew"
    again = server.platform.client.request(
        "POST", renewal, json={"lease_duration": 300}
    )
    assert again.is_success
    assert server.rds.query("SELECT count(*) FROM flow_run") == "1"


@pytest.mark.exhaustive
def test_a_backup_is_stored_and_restored(server):
    """What has happened since then is forgotten, and so are its leases."""
    client, command = server.platform.client, "infrastructure.control_plane"
    stack = ("--stack", SERVER_STACK)
    backup = server.platform.command(command, "backup", *stack).strip()
    assert backup.startswith(f"s3://{server.outputs['DumpBucketName']}/")
    later = client.create_flow_from_name("made-after-the-backup")
    before = server.leases()
    new_lease(server, "van")
    assert len(server.leases()) == len(before) + 1
    task = server.wait_for_server()

    told = server.platform.command(command, "restore", backup, *stack)

    assert "Restored: what Prefect knew at" in told
    assert server.wait_for_server()["taskArn"] != task["taskArn"]
    with pytest.raises(PrefectHTTPStatusError, match="404"):
        client.read_flow(later)
    assert server.leases() <= before  # also others that no run has
    server.platform.completed("hello_world/production")

    server.platform.command(command, "restore", backup, *stack, "--leave-stopped")
    assert not server.tasks() and not server.is_up()
    server.cloud.client("ecs").update_service(
        cluster=server.outputs["ClusterArn"],
        service=server.outputs["ServiceName"],
        desiredCount=1,
    )
    server.wait_for_server()


def new_lease(server: ServerOnEcs, name: str) -> str:
    """Make a concurrency limit of one, and return the id of a lease of it."""
    client = server.platform.client
    limit = {"name": name, "limit": 1, "slot_decay_per_second": 0}
    client.request("POST", f"{LIMITS}/", json=limit)
    slot = {"names": [name], "slots": 1, "lease_duration": 300}
    answer = client.request("POST", f"{LIMITS}/increment-with-lease", json=slot)
    return answer.json()["lease_id"]
