"""The way to a server without a public address. Session Manager is played by two programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import pytest

from infrastructure import tunnel
from infrastructure.tunnel import reachable
from tests.fakes.http_server import Answer, serving
from tests.samples.platform_stack import create_stack
from utils.errors import ClearError

SERVER = "data-platform-server"
# An address of the network that documentation has for itself.
PRIVATE = "http://192.0.2.1:4200/api"
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
    monkeypatch.setattr(tunnel, "_answers", _answers_here)
    return install


def _answers_here(api_url: str) -> bool:
    """Ask only this machine: tests reach no other."""
    if api_url.startswith(PRIVATE):
        return False
    try:
        return httpx.get(f"{api_url}/health", verify=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def server(aws):
    create_stack(aws, {"InstanceId": "i-0123"}, SERVER)


def test_a_public_server_needs_no_tunnel():
    with reachable("https://api.prefect.cloud/api", SERVER) as url:
        assert url == "https://api.prefect.cloud/api"


def test_a_server_within_reach_needs_none():
    with serving(lambda _: Answer(b"true")) as api:
        with reachable(f"{api.url}/api", SERVER) as url:
            assert url == f"{api.url}/api"


def test_the_tunnel_leads_to_the_machine_and_ends_afterwards(server, session_manager):
    with serving(lambda _: Answer(b"true")) as api:
        log = session_manager(httpx.URL(api.url).port)
        with reachable(PRIVATE, SERVER) as url:
            assert httpx.get(f"{url}/health", verify=False).json() is True
            words = json.loads(log.read_text())
            assert words[:4] == ["ssm", "start-session", "--target", "i-0123"]
            assert "AWS-StartPortForwardingSession" in words
        assert log.with_name("aws.log.ended").exists()


def test_a_refusal_is_told_in_its_words(server, session_manager):
    session_manager(None)
    with pytest.raises(ClearError, match="tunnel to i-0123.*ssm:StartSession"):
        with reachable(PRIVATE, SERVER):
            pass


def test_without_the_plugin_it_is_named(server, session_manager):
    with pytest.raises(ClearError, match="Session Manager plugin is not installed"):
        with reachable(PRIVATE, SERVER):
            pass
