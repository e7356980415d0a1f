"""Tests of containers: order, health, restarts, streams, ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from tests.servers.docker.conftest import Files
from tests.servers.docker.program import Docker
from tests.servers.waiting import until

pytestmark = pytest.mark.exhaustive

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
    files.run("up", "--wait")
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


def test_restart_start_and_orphans(files: Files, docker: Docker) -> None:
    files.write(
        SLEEPER + "  two: {image: base, init: true, command: [sleep, infinity]}\n"
    )
    files.run("up", "--wait")
    files.run("exec", "-T", "one", "touch", "/kept")
    before = docker.first_process("one")
    files.run("restart", "one")
    assert docker.first_process("one") not in (None, before)
    files.run("stop")
    files.run("start")
    files.run("exec", "-T", "one", "ls", "/kept")
    files.write(SLEEPER)
    files.run("down")
    assert list(states(files)) == ["two"]
    files.run("down", "--remove-orphans")
    assert states(files) == {}


def test_profiles(files: Files) -> None:
    files.write(SLEEPER + """
  two:
    image: base
    init: true
    command: [sleep, infinity]
    profiles: [more]
""")
    files.run("up", "-d")
    assert list(states(files)) == ["one"]
    files.run("--profile", "more", "up", "-d")
    assert list(states(files)) == ["one", "two"]


def test_more_memory_than_the_limit_is_killed(files: Files) -> None:
    files.write("""
services:
  small: {image: base, init: true, mem_limit: 150m, command: "python3 -c '%s'"}
  large: {image: base, init: true, mem_limit: 600m, command: "python3 -c '%s'"}
""".replace("%s", "x = bytearray(300 << 20); import time; time.sleep(4)"))
    files.run("up", "-d")
    until(lambda: "running" not in str(states(files)), "end", 30)
    assert {n: e["ExitCode"] for n, e in states(files).items()} == {
        "small": 137,
        "large": 0,
    }


def test_what_is_not_played_is_refused(files: Files) -> None:
    files.write(SLEEPER)
    assert "command is not played" in files.fail("top", code=125)
    assert "--scale is not played" in files.fail("up", "--scale", "one=2", code=125)
    assert "without --detach" in files.fail("up", code=125)
    assert "no such service: two" in files.fail("up", "-d", "two")
    files.write(SLEEPER + "    dns: 1.1.1.1\n")
    assert "services.one.dns" in files.fail("ps", code=125)
    files.write("services: {one: {image: none}}")
    assert "'none' is not in the table" in files.fail("up", "-d", code=125)
