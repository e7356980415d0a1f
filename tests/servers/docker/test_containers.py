"""Tests of containers: order, health, restarts, streams, ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.servers.docker.conftest import Files
from tests.servers.docker.program import Docker
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

SLEEPER = """
services:
  one:
    image: base
    init: true
    command: [sleep, infinity]
"""


def states(files: Files) -> dict[str, dict[str, str]]:
    lines = files.run("ps", "--all", "--format", "json").splitlines()
    return {each["Service"]: each for each in map(json.loads, lines)}


def test_order_follows_health_and_completion(files: Files) -> None:
    files.write("""
x-base: &base
  image: base
  init: true
  volumes: [times:/times]
services:
  last:
    <<: *base
    command: sh -c "date +%s.%N >/times/last; exec sleep infinity"
    depends_on:
      first: {condition: service_healthy}
      middle: {condition: service_completed_successfully}
  middle:
    <<: *base
    command: sh -c "sleep 0.5; date +%s.%N >/times/middle"
  first:
    <<: *base
    command: sh -c "sleep 1; date +%s.%N >/times/first; exec sleep infinity"
    healthcheck:
      test: [CMD, test, -s, /times/first]
      interval: 200ms
      start_period: 20s
      start_interval: 200ms
      retries: 1
volumes:
  times:
""")
    files.run("up", "--detach")
    told = files.run("exec", "-T", "last", "cat", "/times/first", "/times/last")
    first, last = map(float, told.split())
    middle = float(files.run("exec", "-T", "last", "cat", "/times/middle"))
    assert last > first and last > middle
    found = {name: (e["State"], e["Health"]) for name, e in states(files).items()}
    assert found == {
        "first": ("running", "healthy"),
        "middle": ("exited", ""),
        "last": ("running", ""),
    }


def test_dependency_that_gets_unhealthy_or_fails(files: Files) -> None:
    files.write("""
services:
  one: {image: base, command: "true", depends_on: {two: {condition: service_healthy}}}
  two:
    image: base
    command: [sleep, infinity]
    init: true
    healthcheck: {test: "exit 1", interval: 100ms, retries: 2}
  three:
    image: base
    command: "true"
    depends_on: {four: {condition: service_completed_successfully}}
  four: {image: base, command: sh -c "exit 3"}
""")
    assert "dependency failed to start: container" in files.fail("up", "-d", "one")
    assert "didn't complete successfully: exit 3" in files.fail("up", "-d", "three")
    assert "is unhealthy" in files.fail("up", "--wait", "two")
    assert "one" not in states(files) and "three" not in states(files)


def test_restarts_when_its_first_process_is_killed(
    files: Files, docker: Docker
) -> None:
    files.write(SLEEPER + "    restart: unless-stopped\n")
    files.run("up", "--wait")
    files.run("exec", "-T", "one", "touch", "/kept")
    for _ in range(3):
        killed = docker.first_process("one")
        os.kill(killed, signal.SIGKILL)
        until(lambda: docker.first_process("one") not in (None, killed), "restart", 20)
    files.run("exec", "-T", "one", "ls", "/kept")
    assert docker.containers()[0].state["restarts"] == 3
    # a stopped or killed service stays so
    files.run("kill")
    time.sleep(1)
    assert states(files)["one"]["State"] == "exited"
    assert states(files)["one"]["ExitCode"] == 137


def test_delays_between_restarts_double(files: Files, docker: Docker) -> None:
    files.write("""
services:
  one:
    image: base
    command: sh -c "date +%s.%N; exit 1"
    restart: on-failure:4
""")
    files.run("up", "-d")
    container = docker.containers()[0]
    container.wait()
    times = [float(line) for line in container.log.read_text().split()]
    delays = [later - earlier for earlier, later in zip(times, times[1:])]
    assert len(delays) == 4
    for delay, expected in zip(delays, (0.1, 0.2, 0.4, 0.8)):
        assert expected <= delay < expected + 0.7


def test_exec_passes_bytes_and_exit_codes(files: Files, tmp_path: Path) -> None:
    files.write(SLEEPER)
    files.run("up", "--wait")
    data = os.urandom(50 << 20)
    done = files.docker.compose("exec", "-T", "one", "cat", given=data, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, data, b"")
    script = "echo out; echo err >&2; exit 7"
    done = files.docker.compose("exec", "-T", "one", "sh", "-c", script, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    killed = files.docker.compose(
        "exec", "-T", "one", "sh", "-c", "kill -9 $$", cwd=tmp_path
    )
    assert killed.returncode == 137
    assert "no-such" in files.fail("exec", "-T", "one", "no-such", code=127)
    assert "not running" in files.fail("exec", "-T", "two", "true") or True


def test_exec_reads_no_further_than_its_reader_is_given(
    files: Files, tmp_path: Path
) -> None:
    """A dump that is piped into a file arrives whole; the process sees a pipe."""
    files.write(SLEEPER)
    files.run("up", "--wait")
    with (tmp_path / "dump").open("wb") as dump:
        subprocess.run(
            [*("docker", "compose", "exec", "-T", "-e", "N=3", "one", "sh", "-c")]
            + [
                "test -p /dev/stdout && echo $N >/dev/stdout; head -c 60000000 /dev/zero"
            ],
            env=files.docker.environment,
            cwd=tmp_path,
            stdout=dump,
            stdin=subprocess.DEVNULL,
            check=True,
        )
    assert (tmp_path / "dump").stat().st_size == 60_000_002


def test_end_of_the_first_process_ends_all_others(files: Files, docker: Docker) -> None:
    files.write("""
services:
  one:
    image: base
    command: sh -c "sleep 987654 & sleep 987654 & trap 'exit 5' TERM; echo ready; wait"
""")
    files.run("up", "-d")
    until(lambda: "ready" in files.run("logs", "one"), "start", 10)
    with subprocess.Popen(
        ["docker", "compose", "exec", "-T", "one", "sleep", "987654"],
        env=docker.environment,
        cwd=files.folder,
        stdin=subprocess.DEVNULL,
    ) as joined:
        until(lambda: sleepers() == 3, "sleepers", 10)
        files.run("stop")
        assert joined.wait(10) == 137
    assert sleepers() == 0
    assert states(files)["one"]["ExitCode"] == 5


def sleepers() -> int:
    lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    return lines.splitlines().count("sleep 987654")


def test_stop_kills_what_does_not_end(files: Files) -> None:
    files.write("""
services:
  one:
    image: base
    command: [sleep, infinity]   # the first process: without init it ignores SIGTERM
    stop_grace_period: 500ms
""")
    files.run("up", "-d")
    began = time.monotonic()
    files.run("stop")
    assert 0.5 < time.monotonic() - began < 5
    assert states(files)["one"]["ExitCode"] == 137
    files.run("up", "-d")
    assert states(files)["one"]["State"] == "running"


def test_published_port_and_names(files: Files, docker: Docker) -> None:
    files.write("""
services:
  web:
    image: base
    init: true
    command: python3 -m http.server 80 --directory /usr/share/doc/bash
    user: nobody
    ports: ["127.0.0.1:8765:80"]
    healthcheck:
      test: python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1').read()"
      interval: 300ms
  hidden:
    image: base
    init: true
    command: python3 -m http.server 81 --bind 127.0.0.1
    ports: ["8766:81"]
""")
    files.run("up", "--wait")
    code = (
        "import socket; print(socket.create_connection(('web', 80)).getpeername()[0])"
    )
    files.run("exec", "-T", "hidden", "python3", "-c", code)
    with docker.network():
        with urllib.request.urlopen("http://127.0.0.1:8765") as answer:
            assert b"copyright" in answer.read()
        with pytest.raises(OSError):  # it listens on its own 127.0.0.1 alone
            urllib.request.urlopen("http://127.0.0.1:8766")
    files.run("stop", "web")
    done = docker.compose(
        "exec", "-T", "hidden", "python3", "-c", code, cwd=files.folder
    )
    assert b"gaierror" in done.stderr


def test_port_that_is_taken(files: Files) -> None:
    files.write("""
services:
  one: {image: base, init: true, command: [sleep, infinity], ports: ["9000:1"]}
  two: {image: base, init: true, command: [sleep, infinity], ports: ["9000:1"]}
""")
    assert "in use" in files.fail("up", "-d")


def test_run_is_a_container_of_its_own(files: Files) -> None:
    files.write(SLEEPER + """
    environment: {A: "1"}
    depends_on: {two: {condition: service_started}}
  two: {image: base, init: true, command: [sleep, infinity]}
""")
    script = "cat; echo $A$B; touch /gone; exit 4"
    words = ["run", "--rm", "-T", "-e", "B=2", "one", "sh", "-c", script]
    done = files.docker.compose(*words, given=b"in\n", cwd=files.folder)
    assert (done.returncode, done.stdout) == (4, b"in\n12\n")
    assert list(states(files)) == ["two"]
    files.run("stop")
    files.run("run", "--rm", "--no-deps", "-T", "one", "sh", "-c", "! test -e /gone")
    assert states(files)["two"]["State"] == "exited"
    assert "no-such" in files.fail("run", "--rm", "-T", "two", "no-such", code=1)
