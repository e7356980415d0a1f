"""The fake AWS as a process: no process of a task outlives it."""

from __future__ import annotations

import os
import signal

import pytest

from tests.cloud.cloud import running_cloud
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
child = subprocess.Popen(sleep, start_new_session=True)  # as Prefect starts a flow run
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Return whether a process runs and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_all_processes_end_with_it(tmp_path):
    with running_cloud(tmp_path / "cloud") as cloud:
        ecs = cloud.client("ecs")
        ecs.create_cluster(clusterName="ending")
        ecs.register_task_definition(
            family="stubborn",
            containerDefinitions=[
                {"name": "main", "image": "a", "command": ["python", "-c", STUBBORN]}
            ],
            memory="512",
        )
        request = {"cluster": "ending", "taskDefinition": "stubborn"}
        started = ecs.run_task(**request, launchType="FARGATE")
        task = started["tasks"][0]["taskArn"]
        cloud.wait_for_task("ending", task, "RUNNING")
        pids = list(map(int, until(lambda: cloud.output(task), "its output").split()))
        assert all(map(alive, pids))

    try:
        until(lambda: not any(map(alive, pids)), "the processes to end")
    finally:
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)
    assert not list((tmp_path / "cloud").glob("*/home"))
