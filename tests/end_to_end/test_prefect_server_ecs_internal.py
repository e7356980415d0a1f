"""Prefect's server on ECS without public addresses: GitHub's role reaches it, as far as AWS goes.

Behind the sessions of the fake AWS there is no channel: the tunnel itself is tested with two
programs in the place of the AWS CLI's.
"""

from __future__ import annotations

from typing import Iterator

import pytest
from botocore.exceptions import ClientError

from infrastructure import tunnel
from tests.end_to_end.server_on_ecs import HOST, ServerOnEcs, running_server_on_ecs
from tests.infrastructure.templates import SERVER_STACK
from tests.servers.images import Image
from tests.servers.postgres import Database, new_database

pytestmark = pytest.mark.exhaustive


@pytest.fixture
def server(
    image: Image, postgres: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerOnEcs]:
    """An internal server that runs."""
    folder, warehouse = tmp_path_factory.mktemp("internal"), new_database(postgres)
    with running_server_on_ecs(image, warehouse, folder, scheme="internal") as server:
        server.wait_for_server()
        yield server


def test_github_forwards_a_port_of_the_servers_task(server, monkeypatch):
    task = server.wait_for_server()
    agents = {
        container["name"]: agent["lastStatus"]
        for container in task["containers"]
        for agent in container["managedAgents"]
    }
    assert agents == {"prepare": "STOPPED", "server": "RUNNING", "pulse": "STOPPED"}

    keys = (
        server.cloud.as_role(server.github).get_credentials().get_frozen_credentials()
    )
    as_github = server.cloud.environment | {
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_SESSION_TOKEN": keys.token,
    }
    for name, value in as_github.items():
        monkeypatch.setenv(name, value)
    target = tunnel._target(f"https://{HOST}/api", "it is internal.", SERVER_STACK).id
    assert task["taskArn"].rpartition("/")[2] in target

    start = server.cloud.client_of(server.github, "ssm").start_session
    assert start(Target=target, DocumentName=tunnel.DOCUMENT)["SessionId"]
    with pytest.raises(
        ClientError, match="not authorized .*SSM-SessionManagerRunShell"
    ):
        start(Target=target)
