"""Tests of streams, exit codes, networks: what a container shares with others."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.servers.docker.conftest import Files
from tests.servers.docker.program import Docker
from tests.servers.docker.test_containers import SLEEPER, states
from tests.servers.waiting import until

pytestmark = pytest.mark.exhaustive


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
    files.run("stop")
    assert "not running" in files.fail("exec", "-T", "one", "true")


def test_exec_into_a_file(files: Files, tmp_path: Path) -> None:
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


def test_exec_reads_all_input(files: Files) -> None:
    """Docker reads what its caller's shell would read next."""
    files.write(SLEEPER)
    files.run("up", "--wait")
    script = "docker compose exec -T one true; sleep 0.5; cat"
    left = subprocess.run(
        ["sh", "-c", script],
        input=b"next line",
        env=files.docker.environment,
        cwd=files.folder,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert left.stdout == b""


def test_run_is_stopped_by_its_caller(files: Files) -> None:
    files.write(SLEEPER)
    words = ["docker", "compose", "run", "--rm", "-T", "one", "sh", "-c"]
    with subprocess.Popen(
        [*words, "trap 'echo got it; exit 9' TERM; echo ready; sleep 60 & wait"],
        env=files.docker.environment,
        cwd=files.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.stdout.read() == b"got it\n"
        assert process.wait(10) == 9
    assert states(files) == {}


def test_host_network_and_gateway(files: Files, docker: Docker) -> None:
    files.write("""
services:
  host:
    image: base
    init: true
    network_mode: host
    command: python3 -m http.server 8700 --directory /usr/share/doc/bash
  one:
    image: base
    init: true
    command: [sleep, infinity]
    extra_hosts: ["machine:host-gateway"]
""")
    files.run("up", "--wait")
    code = (
        "import urllib.request as r; print(len(r.urlopen('http://%s:8700').read()) > 0)"
    )
    asked = ["exec", "-T", "one", "python3", "-c"]
    until(
        lambda: not docker.compose(
            *asked, code % "machine", cwd=files.folder
        ).returncode,
        "host",
        10,
    )
    with docker.network():
        urllib.request.urlopen("http://127.0.0.1:8700").close()
    failed = docker.compose(*asked, code % "host", cwd=files.folder)
    assert b"Name or service not known" in failed.stderr or b"gaierror" in failed.stderr


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
