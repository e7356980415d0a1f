"""A forked Python is a process like any other: arguments, environment, folder, signals, end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.servers.python import python
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

LOOK = """
import json, os, sys
print(json.dumps([sys.argv, os.getcwd(), os.environ.get("PET"), sys.stdin.read()]))
"""


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python(), *arguments], capture_output=True, text=True, **options
    )


def test_it_has_what_it_was_given(tmp_path):
    environment = os.environ | {"PET": "Rex"}
    done = run("-c", LOOK, "a", cwd=tmp_path, env=environment, input="bone")
    assert json.loads(done.stdout) == [["-c", "a"], str(tmp_path), "Rex", "bone"]


@pytest.mark.parametrize("options", [(), ("-P",)])
def test_it_runs_scripts_and_modules(tmp_path, options):
    (tmp_path / "pet.py").write_text("import sys; print(__name__, *sys.argv[1:])")
    assert run(*options, str(tmp_path / "pet.py"), "a").stdout == "__main__ a\n"
    module = run(*options, "-m", "pet", "a", cwd=tmp_path)
    found = "" if options else "__main__ a\n"  # -P: not from the current folder
    assert module.stdout == found


def test_what_it_starts_is_forked_too():
    script = "import sys; print(sys.executable)"
    assert run("-c", script).stdout.strip() == python()


def test_it_reads_prefects_settings_anew():
    script = (
        "from prefect.settings import PREFECT_API_URL; print(PREFECT_API_URL.value())"
    )
    environment = os.environ | {"PREFECT_API_URL": "http://127.0.0.1:1/api"}
    done = run("-c", script, env=environment)
    assert done.stdout == "http://127.0.0.1:1/api\n"


@pytest.mark.parametrize(
    "script, code",
    [
        ("", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit('wrong')", 1),
        ("1 / 0", 1),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import atexit; atexit.register(print, 'end')", 0),
    ],
)
def test_it_ends_as_the_usual_one(script, code):
    usual = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True
    )
    done = run("-c", script)
    assert done.returncode == usual.returncode == code
    assert done.stdout == usual.stdout
    assert done.stderr.splitlines()[-1:] == usual.stderr.splitlines()[-1:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_it_ends_the_process_itself(tmp_path: Path, number: int):
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(100)"
    process = subprocess.Popen([python(), "-c", script], stdout=subprocess.PIPE)
    pid = int(process.stdout.readline())
    process.send_signal(number)
    assert process.wait() == -number
    until(lambda: not psutil.pid_exists(pid), "the process's end")
