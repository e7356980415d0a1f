"""Tests of a network of one's own, in which all that is left ends with the command."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.servers.docker.containers import Container
from tests.servers.docker.creation import remove
from tests.servers.docker.network import in_own_network
from tests.servers.docker.program import install
from tests.servers.docker.test_containers import SLEEPER

pytestmark = pytest.mark.slow


def test_all_that_is_left_ends_with_the_command(
    base_image: str, tmp_path: Path
) -> None:
    environment = install(tmp_path, {"base": base_image})
    (tmp_path / "compose.yaml").write_text(SLEEPER.replace("infinity", "876543"))
    script = """
    docker compose up --wait && docker compose exec -T one true && ps -eo args || exit 1
    exit 5
    """
    done = subprocess.run(
        in_own_network(["sh", "-c", script]),
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5, done.stderr
    assert "sleep 876543" in done.stdout
    for folder in tmp_path.glob("state/projects/*/*"):
        remove(Container(folder))
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "sleep 876543" not in left and str(tmp_path) not in left


def test_refuses_a_network_that_others_use(tmp_path: Path) -> None:
    environment = install(tmp_path, {})
    (tmp_path / "compose.yaml").write_text(SLEEPER)
    script = "ip link add other type veth peer name another; docker compose up --wait"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 125
    assert "this network has another, other: use in_own_network()" in done.stderr
