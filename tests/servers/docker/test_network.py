"""Tests of a network of one's own, in which all that is left ends with the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.docker.containers import ROOT, Container
from tests.servers.docker.creation import remove, remove_lost_roots
from tests.servers.docker.network import in_own_network
from tests.servers.docker.program import install
from tests.servers.docker.test_containers import SLEEPER
from tests.servers.images import buildah
from tests.servers.waiting import until

pytestmark = pytest.mark.exhaustive


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
    left = processes()
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


def test_all_ends_with_a_test_that_is_killed(base_image: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(SLEEPER.replace("infinity", "765432"))
    (tmp_path / "docker").mkdir()
    script = f"""
import sys
from pathlib import Path
from tests.servers.docker.program import fake_docker
with fake_docker(Path("docker").resolve(), {{"base": {base_image!r}}}) as docker:
    print(docker.compose("up", "--wait").returncode, flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stdout.readline() == b"0\n"
        assert "sleep 765432" in processes()
        process.kill()
    until(lambda: "sleep 765432" not in processes(), "end", 10)
    settings = next(tmp_path.glob("docker/state/projects/*/*/container.json"))
    name = json.loads(settings.read_text())["buildah"]
    assert buildah("inspect", name)
    remove_lost_roots()
    with pytest.raises(RuntimeError, match="not known"):
        buildah("inspect", name)


def processes() -> str:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
