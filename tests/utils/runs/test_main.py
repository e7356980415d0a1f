"""The start of a run in a task, while Prefect's server is being restarted."""

from __future__ import annotations

import os
import subprocess
import sys

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Crashed

from tests.repository.tree import ROOT
from tests.servers.local_server import environment_without_server
from tests.servers.ports import free_port
from tests.servers.prefect import running_server


@flow(name="pets")
def pets() -> None:
    """Do nothing."""


def test_a_run_waits_for_the_server_and_says_so(tmp_path):
    home, url = tmp_path / "home", f"http://127.0.0.1:{free_port()}/api"
    environment = os.environ | {"PREFECT_API_URL": url}
    command = [sys.executable, "-m", "utils.runs", "prefect", "version"]
    waiting = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert waiting.stdout
    line = waiting.stdout.readline()
    assert "refused. Waiting, at most 480 s" in line
    with running_server(home, url):
        told, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 0 and "API version" in told


def test_it_is_the_command_itself_that_runs(prefect_api):
    """Its exit code is the process's, and nothing is said if there is nothing to say."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(pets)
    command = [sys.executable, "-m", "utils.runs", "prefect", "flow-run"]
    found = subprocess.run(
        [*command, "inspect", str(run.id)], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0 and run.name in found.stdout
    assert "Waiting" not in found.stdout
    missing = subprocess.run([*command, "inspect", str(run.flow_id)], cwd=ROOT)
    assert missing.returncode == 1


def test_a_run_that_was_ended_before_it_began_is_not_begun(prefect_api):
    """A backfill that has given it up may be loading its days again."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(pets, state=Crashed(message="its worker is gone"))
    command = [sys.executable, "-m", "utils.runs", "prefect.engine"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PREFECT__FLOW_RUN_ID": str(run.id)},
        capture_output=True,
        text=True,
    )
    told = f"{run.name} is Crashed, and is not begun: its worker is gone\n"
    assert ended.returncode == 0 and ended.stdout == told
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(run.id).state_name == "Crashed"


def test_a_run_goes_on_when_nobody_reads_its_output_any_more(tmp_path):
    """As when the worker that started it is killed."""
    (tmp_path / "lines.py").write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from utils.runs.logging import get_logger\n"
        "sys.stdin.readline()\n"
        "for line in range(3): get_logger().info('a line'), print('a line')\n"
        "Path('went on').touch()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "utils.runs", "lines"],
        cwd=tmp_path,
        env=environment_without_server(tmp_path) | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    process.stderr.close()
    process.stdin.write("now\n")
    process.stdin.close()
    assert process.wait(60) == 0
    assert (tmp_path / "went on").exists()
