"""The way to a server without a public address. Session Manager is played by two programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from infrastructure import tunnel
from infrastructure.tunnel import reachable
from tests.fakes.aws import REGION
from tests.fakes.http_server import Answer, serving
from tests.samples.platform_stack import create_stack
from utils.errors import ClearError

SERVER = "data-platform-server"
# Addresses that documentation has for itself.
PRIVATE = "http://192.0.2.1:4200/api"
HOST = "https://prefect.example.org/api"
CLUSTER = f"arn:aws:ecs:{REGION}:123456789012:cluster/{SERVER}-Cluster-1A2B"
TASK = "0123456789abcdef0123456789abcdef"
RUNTIME = f"{TASK}-1527056392"
OUTPUTS = {
    "ec2": {"Kind": "ec2", "PrefectApiUrl": PRIVATE, "InstanceId": "i-0123"},
    "ecs": {
        "Kind": "ecs",
        "PrefectApiUrl": HOST,
        "Scheme": "internal",
        "ClusterArn": CLUSTER,
        "ServiceName": "prefect",
    },
}
TARGETS = {"ec2": "i-0123", "ecs": f"ecs:{SERVER}-Cluster-1A2B_{TASK}_{RUNTIME}"}
# Says what it was given, and leaves Ctrl-C to the plugin, as the AWS CLI does.
AWS = """\
import json, signal, subprocess, sys
words = sys.argv[1:]
open({log!r}, "w").write(json.dumps(words))
if {port!r} is None:
    sys.exit("An error occurred (AccessDeniedException): not authorized to perform ssm:StartSession")
signal.signal(signal.SIGINT, signal.SIG_IGN)
subprocess.check_call(["session-manager-plugin", words[words.index("--parameters") + 1]])
"""
# Forwards the port to the one in its place.
PLUGIN = """\
import json, os, signal, socket, sys, threading
signal.signal(signal.SIGINT, lambda *_: (open({log!r} + ".ended", "w"), os._exit(0)))
ports = json.loads(sys.argv[1])
server = socket.create_server(("127.0.0.1", int(ports["localPortNumber"][0])))
def copy(a, b):
    while data := a.recv(65536):
        b.sendall(data)
while True:
    client, _ = server.accept()
    target = socket.create_connection(("127.0.0.1", {port!r}))
    for pair in ((client, target), (target, client)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""


@pytest.fixture
def session_manager(tmp_path, monkeypatch):
    """Function that installs both programs, with the port of the machine's server."""

    def install(port: int | None) -> Path:
        log = tmp_path / "aws.log"
        for name, code in (("aws", AWS), ("session-manager-plugin", PLUGIN)):
            script = tmp_path / f"{name}.py"
            script.write_text(code.format(log=str(log), port=port))
            program = tmp_path / name
            program.write_text(
                f"#!/bin/sh\nexec '{sys.executable}' '{script}' \"$@\"\n"
            )
            program.chmod(0o755)
        return log

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tunnel, "_silence", silence)
    return install


def silence(api_url: str) -> str:
    """Ask only this machine: tests reach no other."""
    if not api_url.startswith("http://127.0.0.1:"):
        return "it is far away."
    try:
        answer = httpx.get(f"{api_url}/health", verify=False)
        return "" if answer.is_success else "a failure."
    except httpx.HTTPError as error:
        return str(error)


@pytest.fixture
def server(aws):
    """Function that creates the stack of a server of a kind, with changed outputs."""

    def create(kind: str, **changes: str) -> str:
        create_stack(aws, OUTPUTS[kind] | changes, SERVER)
        return changes.get("PrefectApiUrl", OUTPUTS[kind]["PrefectApiUrl"])

    return create


@pytest.fixture
def tasks(monkeypatch) -> list[dict[str, Any]]:
    """Tasks of the server's service, which a test can change. One runs."""
    containers = [
        {"name": "pulse", "runtimeId": "another"},
        {"name": "server", "runtimeId": RUNTIME},
    ]
    arn = f"{CLUSTER.replace(':cluster/', ':task/')}/{TASK}"
    running = [{"taskArn": arn, "containers": containers}]

    class Ecs:
        def list_tasks(self, cluster: str, serviceName: str) -> dict[str, Any]:
            assert (cluster, serviceName) == (CLUSTER, "prefect")
            return {"taskArns": [each["taskArn"] for each in running]}

        def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
            assert (cluster, tasks) == (CLUSTER, [arn])
            return {"tasks": running}

    monkeypatch.setattr(tunnel, "aws_client", lambda _: Ecs())
    return running


def refused(url: str = PRIVATE) -> str:
    """Return the error of a server that cannot be reached."""
    with pytest.raises(ClearError) as caught:
        with reachable(url, SERVER):
            pass
    return str(caught.value)


def test_a_server_within_reach_needs_no_tunnel():
    with serving(lambda _: Answer(b"true")) as api:
        with reachable(f"{api.url}/api", SERVER) as url:
            assert url == f"{api.url}/api"


@pytest.mark.parametrize(
    ("answer", "plain", "proved"),
    [
        (httpx.Response(200), "", ""),
        # Prefect Cloud without its key, and a load balancer without a server
        (httpx.Response(401), "it answers with the status 401.", ""),
        (httpx.Response(503), "it answers with the status 503.", ""),
        (httpx.ReadTimeout("late"), "it takes too long.", ""),
        (httpx.ConnectTimeout(""), "ConnectTimeout.", "ConnectTimeout."),
        (httpx.ConnectError("no such name"), "no such name.", "no such name."),
    ],
)
def test_with_a_certificate_every_answer_is_the_servers(
    monkeypatch, answer, plain, proved
):
    def get(_: Any, url: str) -> httpx.Response:
        assert url.endswith("/api/health")
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(httpx.Client, "get", get)
    assert tunnel._silence(PRIVATE) == plain
    assert tunnel._silence(HOST) == proved


@pytest.mark.parametrize("kind", ["ec2", "ecs"])
def test_the_tunnel_leads_to_the_server_and_ends_afterwards(
    server, session_manager, tasks, kind
):
    with serving(lambda _: Answer(b"true")) as api:
        log = session_manager(httpx.URL(api.url).port)
        with reachable(server(kind), SERVER) as url:
            assert httpx.get(f"{url}/health", verify=False).json() is True
            words = json.loads(log.read_text())
            assert words[:4] == ["ssm", "start-session", "--target", TARGETS[kind]]
            assert "AWS-StartPortForwardingSession" in words
        assert log.with_name("aws.log.ended").exists()


@pytest.mark.parametrize(
    ("kind", "needs"),
    [("ec2", "docker compose ps"), ("ecs", "managedAgents")],
)
def test_a_refusal_is_told_in_its_words(server, session_manager, tasks, kind, needs):
    session_manager(None)
    told = refused(server(kind))
    assert f"no tunnel to {TARGETS[kind]}: An error occurred (AccessDenied" in told
    assert "ssm:StartSession" in told and needs in told


def test_without_the_plugin_it_is_named(server, session_manager):
    assert "Session Manager plugin is not installed" in refused(server("ec2"))


def test_a_public_server_that_is_down_is_not_taken_for_a_missing_tunnel(
    server, session_manager
):
    told = refused(server("ecs", Scheme="internet-facing"))
    assert f"Prefect at {HOST} does not answer: it is far away." in told
    assert "is public, and no tunnel leads to it" in told and "AllowedCidr" in told


@pytest.mark.parametrize(
    "containers",
    [[], [{"name": "pulse", "runtimeId": "another"}], [{"name": "server"}]],
)
def test_a_server_that_is_being_replaced_is_told(
    server, session_manager, tasks, containers
):
    tasks[:] = [each | {"containers": containers} for each in tasks if containers]
    assert "No task of the service prefect runs." in refused(server("ecs"))


def test_a_missing_stack_is_the_servers(aws, session_manager):
    told = refused(HOST)
    assert f"{HOST} does not answer: it is far away. If it is public, see" in told
    assert (
        f"no stack {SERVER} in" in told and "name another with --server-stack" in told
    )
    assert "prefect_server_ec2.yml or prefect_server_ecs.yml" in told
    assert "ecs_cluster_prefect_worker.yml" not in told


def test_no_tunnel_leads_to_another_server(server, session_manager):
    """Its secret, and perhaps its deployments, are others."""
    server("ec2")
    told = refused("https://api.prefect.cloud/api/accounts/a/workspaces/b")
    assert f"has another server, {PRIVATE}" in told and "--server-stack" in told


def test_an_output_that_is_missing_is_one_of_the_servers_template(aws, session_manager):
    create_stack(aws, {"Kind": "ec2"}, SERVER)
    assert "update it with infrastructure/prefect_server_ec2.yml" in refused()
