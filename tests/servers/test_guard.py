"""A session that is killed leaves neither its servers nor its folder behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.repository.tree import ROOT
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

SESSION = """
import os, subprocess, sys
from pathlib import Path
from tests.servers.guard import watch

folder = Path(sys.argv[1])
folder.mkdir()
watch(folder)
os.environ["HOME_OF_SERVERS"] = str(folder)
sleep = ["sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait"]
server = subprocess.Popen(sleep, start_new_session=True, stdout=subprocess.PIPE, text=True)
print(server.pid, server.stdout.readline(), flush=True)
server.wait()
"""


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_processes_of_a_killed_session_are_ended(tmp_path: Path, end: str):
    folder = tmp_path / "session"
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    pids = set(map(int, session.stdout.readline().split()))
    assert len(pids) == 2
    assert all(map(psutil.pid_exists, pids))

    getattr(session, end)()
    session.wait()

    until(lambda: not any(map(psutil.pid_exists, pids)), "the servers' end", seconds=30)
    until(lambda: not folder.exists(), "the folder's end", seconds=30)
