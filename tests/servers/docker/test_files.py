"""Tests of Compose files: YAML, merging, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.servers.docker.errors import ComposeError, NotPlayed
from tests.servers.docker.files import load

VARIABLES = {"A": "a", "PORT": "4200"}


def service(folder: Path, *texts: str) -> dict[str, Any]:
    """Return the service `one` of merged files, each with one service's settings."""
    files = []
    for number, text in enumerate(texts):
        file = folder / f"{number}.yaml"
        lines = "\n".join(f"    {line}" for line in text.strip().splitlines())
        image = "    image: x\n" if number == 0 else ""
        file.write_text(
            f"services:\n  one:\n{image}{lines}\nvolumes: {{data: , more: }}\n"
        )
        files.append(file)
    return load(files, folder, VARIABLES)["services"]["one"]


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("command: sh -c 'a b' $$X", "command", ["sh", "-c", "a b", "$X"]),
        ("command: [a, '${A}']", "command", ["a", "a"]),
        ("restart: no", "restart", "no"),
        ("environment: {A: yes, B: 1, C: true, D: 0x10, E: }", "environment", None),
        ("mem_limit: 512m", "mem_limit", 512 << 20),
        ("shm_size: '1gb'", "shm_size", 1 << 30),
        ("stop_grace_period: 1m30s", "stop_grace_period", 90.0),
        ("init: ${NONE:-true}", "init", True),
        ("cap_drop: [all]", "cap_drop", ["ALL"]),
        ("extra_hosts: ['a:1.2.3.4', b=host-gateway]", "extra_hosts", None),
        ("ulimits: {nofile: 10, core: {soft: 0, hard: 1}}", "ulimits", None),
        ("depends_on: []", "depends_on", {}),
        ("healthcheck: {test: 'a b', interval: 500ms}", "healthcheck", None),
        ("ports: ['127.0.0.1:${PORT}:4200']", "ports", None),
    ],
)
def test_normalises(tmp_path: Path, text: str, key: str, expected: Any) -> None:
    elsewhere = {
        "environment": {"A": "yes", "B": "1", "C": "true", "D": "16"},
        "extra_hosts": {"a": "1.2.3.4", "b": "host-gateway"},
        "ulimits": {"nofile": [10, 10], "core": [0, 1]},
        "healthcheck": {"test": ["CMD-SHELL", "a b"], "interval": 0.5},
        "ports": [{"host_ip": "127.0.0.1", "published": 4200, "target": 4200}],
    }
    found = service(tmp_path, text)[key]
    assert found == (elsewhere[key] if expected is None else expected)
    json.dumps(found)


def test_volumes(tmp_path: Path) -> None:
    found = service(
        tmp_path,
        """
volumes:
  - data:/data
  - ./sub:/sub/:ro
  - /only
  - {type: bind, source: ../up, target: /up, read_only: true}
  - {type: tmpfs, target: /t, tmpfs: {size: 1m}}
""",
    )["volumes"]
    kinds = [
        (e["type"], e.get("source"), e["target"], e.get("read_only")) for e in found
    ]
    assert kinds == [
        ("volume", "data", "/data", None),
        ("bind", str(tmp_path / "sub"), "/sub", True),
        ("volume", "", "/only", None),
        ("bind", str(tmp_path.parent / "up"), "/up", True),
        ("tmpfs", None, "/t", None),
    ]


def test_merges_files(tmp_path: Path) -> None:
    found = service(
        tmp_path,
        """
command: [a]
environment: {A: "1", B: "2", GONE: x}
volumes: [data:/data, ./a:/a]
ports: ["1:1"]
cap_drop: [ALL]
healthcheck: {test: [CMD, a], retries: 5}
labels: [a=b]
""",
        """
image: y
command: [b, c]
environment: [B=3, C=4]
volumes: [more:/data, ./b:/b]
ports: ["1:1", "2:2"]
cap_drop: [KILL, ALL]
healthcheck: {test: [CMD, b]}
""",
        """
environment: {GONE: !reset null}
ports: !override ["3:3"]
labels: !reset {}
""",
    )
    assert found["image"] == "y"
    assert found["command"] == ["b", "c"]
    assert found["environment"] == {"A": "1", "B": "3", "C": "4"}
    assert [(e["source"], e["target"]) for e in found["volumes"]] == [
        *(("more", "/data"), (str(tmp_path / "a"), "/a"), (str(tmp_path / "b"), "/b")),
    ]
    assert [each["published"] for each in found["ports"]] == [3]
    assert found["cap_drop"] == ["ALL", "KILL"]
    assert found["healthcheck"] == {"test": ["CMD", "b"], "retries": 5}
    assert "labels" not in found


def test_anchors_merge_keys_and_extensions(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text("""
name: named
x-common: &common
  image: x
  x-note: 1
  environment: &env {A: "1", B: "2"}
services:
  one:
    <<: *common
    environment: {<<: *env, B: "3"}
  two: {<<: *common, user: "5"}
""")
    found = load([tmp_path / "f.yaml"], tmp_path, {})
    assert found["name"] == "named"
    assert found["services"]["one"] == {
        "image": "x",
        "environment": {"A": "1", "B": "3"},
    }
    assert found["services"]["two"]["user"] == "5"


def test_environment_comes_from_files_and_the_caller(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("A=file\nB='$x'\nC=file\nPORT")
    (tmp_path / "raw.env").write_text("R='$x'\n")
    found = service(
        tmp_path,
        """
env_file: [a.env, {path: raw.env, format: raw}, {path: none.env, required: false}]
environment: [C=here, A, NONE]
""",
    )["environment"]
    assert found == {"A": "a", "B": "$x", "C": "here", "PORT": "4200", "R": "'$x'"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("networks: [a]", "services.one.networks: this key .* is not played"),
        ("deploy: {}", "deploy"),
        ("healthcheck: {tests: a}", "'tests' not allowed"),
        ("healthcheck: {test: [sh, a]}", "must begin with"),
        ("volumes: [none:/x]", "undefined volume none"),
        ("volumes: ['data:x']", "must be absolute"),
        ("volumes: ['data:/x:cached']", "mode 'cached'"),
        ("ports: ['80']", "not played"),
        ("ports: ['80:80/udp']", "not played"),
        ("tmpfs: ['/t:sizes=1m']", "unknown option 'sizes=1m'"),
        ("restart: sometimes", "invalid restart policy"),
        ("depends_on: [two]", "undefined service 'two'"),
        ("depends_on: {one: {condition: healthy}}", "unknown condition"),
        ("environment: {A: 1.10}", "quote 1.1"),
        ("user: true", "must be a string"),
        ("init: maybe", "must be a boolean"),
        ("stop_grace_period: 10", "invalid duration"),
        ("cap_drop: [EVERYTHING]", "unknown capability"),
        ("security_opt: [seccomp=unconfined]", "not played"),
        ("network_mode: none", "not played"),
        ("network_mode: host\nports: ['1:1']", "network_mode: host"),
        ("build: ./none", "no Dockerfile"),
        ("user: a\nuser: b", 'mapping key "user" already defined'),
        ("command: ${NONE:?say it}", "say it"),
    ],
)
def test_refuses(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises((ComposeError, NotPlayed), match=message):
        service(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["[]", "networks: {}", "services: {one: {}}", "a: b: c"]
)
def test_refuses_a_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises((ComposeError, NotPlayed)):
        load([tmp_path / "f.yaml"], tmp_path, {})
