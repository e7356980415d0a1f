"""Rules of the servers that need no Chromium to be seen."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from tests.infrastructure.local_server.rules import assert_closed
from tests.repository.tree import ROOT
from tests.servers.python import python


@pytest.mark.slow
def test_the_local_server_wants_more_than_the_password(server):
    assert_closed(server.url, server.password)


def test_a_plain_server_in_the_clone_reads_the_settings(prefect_api):
    """Without a password: WebSockets and rebinding are open there."""
    assert_closed(prefect_api.removesuffix("/api"))


def test_a_port_in_use_is_given_no_password(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = subprocess.run(
            [python(), "-m", "infrastructure.local_server", "--port", port],
            cwd=ROOT,
            env=os.environ | {"PREFECT_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 1
    assert f"listens on the port {port}. Nothing was started." in ended.stderr
    assert not (tmp_path / "profiles.toml").exists()
