"""The machine as NAT: it forwards what a task sends, also beside Docker's rules.

Real packets, in namespaces of the network. AWS's own routing is played by one of them, and
its metadata by a stand-in for curl.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infrastructure.templates import INFRASTRUCTURE
from tests.servers.programs import program

NAT = INFRASTRUCTURE / "control_plane/machine/nat.sh"
METADATA = """#!/bin/sh
case $* in
*api/token) echo a-token ;;
*'token: a-token '*/meta-data/mac) echo 02:00:00:d1:ff:ce ;;
*'token: a-token '*/02:00:00:d1:ff:ce/vpc-ipv4-cidr-block) echo 10.20.0.0/16 ;;
*) exit 22 ;;
esac
"""


@pytest.mark.slow
def test_a_task_reaches_the_internet_through_the_machine(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can make networks")
    for name in ("nft", "iptables", "ip"):
        program(name)
    (tmp_path / "curl").write_text(METADATA)
    (tmp_path / "curl").chmod(0o755)
    script = Path(__file__).with_name("network.sh")
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "bash"]
        + [script, NAT, tmp_path, sys.executable],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "the machine is seen as 10.20.0.10",
        "before: nothing",
        "without Docker: 10.20.0.10",
        "behind Docker's rules: nothing",
        "beside Docker's rules: 10.20.0.10",
        "-N DOCKER-USER",
        "-A DOCKER-USER -i eth0 -o eth0 -j ACCEPT",
        "-N DOCKER",
        "1",
    ]
