"""Tests of the stand-ins: what the official images' documentation says of them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.request
from pathlib import Path
from typing import Iterator

import pytest

from tests.servers.docker.conftest import Files
from tests.servers.docker.program import Docker, fake_docker
from tests.servers.docker.stand_ins import (
    postgres_image,
    prefect_image,
    project_image,
)
from tests.servers.images import ready_store, what_is_missing

pytestmark = pytest.mark.exhaustive

DATABASE = """
services:
  db:
    image: postgres
    environment: {POSTGRES_PASSWORD_FILE: /word, POSTGRES_USER: me, POSTGRES_DB: mine}
    volumes: ["data:/var/lib/postgresql/data", "./word:/word:ro"]
    healthcheck:
      test: [CMD, pg_isready, --host=127.0.0.1, --username=me]
      interval: 200ms
      retries: 100
  client:
    image: postgres
    init: true
    user: postgres
    command: [sleep, infinity]
volumes:
  data:
"""


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """A machine with the stand-ins."""
    if missing := what_is_missing():
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="docker-", dir=os.environ["XDG_RUNTIME_DIR"]))
    with ready_store():
        project = project_image()
        images = {
            "postgres": postgres_image().name,
            "prefect": prefect_image(project).name,
            "build": project.name,
        }
        with fake_docker(folder, images) as machine:
            yield machine
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def cleared(docker: Docker) -> Iterator[None]:
    yield
    docker.clear()


def query(files: Files, service: str, *words: str) -> str:
    command = ("psql", "-w", "-At", "-U", "me", *words)
    return files.run("exec", "-T", "-e", "PGPASSWORD=word", service, *command)


@pytest.fixture
def database(files: Files) -> Files:
    """A database, and another container that has its programs."""
    (files.folder / "word").write_text("word\n")
    files.write(DATABASE)
    files.run("up", "--wait")
    return files


def test_postgres_asks_other_containers_for_the_password(database: Files) -> None:
    who = ("mine", "-c", "select current_user; show listen_addresses")
    assert query(database, "db", *who) == "me\n*\n"
    process = database.run("exec", "-T", "db", "stat", "-c", "%U", "/proc/1")
    assert process == "postgres\n"
    psql = ("psql", "-w", "-U", "me", "mine", "-c", "select 1")
    database.run("exec", "-T", "db", *psql)
    database.run("exec", "-T", "db", *psql, "-h", "127.0.0.1")
    query(database, "client", "-h", "db", "mine", "-c", "select 1")
    told = database.fail("exec", "-T", "client", *psql, "-h", "db", code=2)
    assert "no password supplied" in told
    wrong = ("exec", "-T", "-e", "PGPASSWORD=wrong", "client", *psql, "-h", "db")
    assert "password authentication failed" in database.fail(*wrong, code=2)


def test_postgres_dumps_through_a_pipe(database: Files) -> None:
    table = "create table kept as select generate_series(1, 300000)"
    query(database, "db", "mine", "-c", table)
    dump = database.docker.compose(
        *("exec", "-T", "db", "pg_dump", "-U", "me", "--format=custom", "mine"),
        cwd=database.folder,
    ).stdout
    query(database, "db", "mine", "-c", "create database other")
    restore = ("pg_restore", "-U", "me", "--dbname=other", "--exit-on-error")
    database.run("exec", "-T", "db", *restore, given=dump)
    assert (
        query(database, "db", "other", "-c", "select count(*) from kept") == "300000\n"
    )


def test_postgres_keeps_its_data_in_the_volume(database: Files) -> None:
    query(database, "db", "mine", "-c", "create table kept as select 7")
    database.run("stop")
    assert "received fast shutdown request" in database.run("logs", "db")
    database.run("down")
    # This password is for a new database, which it is not.
    database.write(DATABASE.replace("_FILE: /word", ": new"))
    database.run("up", "--wait")
    assert query(database, "client", "-h", "db", "mine", "-c", "table kept") == "7\n"
    assert "init process" not in database.run("logs", "db")


def test_postgres_takes_no_connections_while_it_is_set_up(database: Files) -> None:
    log = database.run("logs", "--no-log-prefix", "db")
    setup, _, after = log.partition("init process complete")
    assert "listening on Unix socket" in setup and "IPv4" not in setup
    assert 'listening on IPv4 address "0.0.0.0", port 5432' in after


def test_postgres_without_a_password(files: Files) -> None:
    files.write(
        "services: {db: {image: postgres, environment: {POSTGRES_PASSWORD: ''}}}"
    )
    files.run("up", "-d")
    assert files.docker.containers()[0].wait() == 1
    assert "superuser password is not specified" in files.run("logs", "db")


def test_prefect(files: Files, docker: Docker) -> None:
    files.write("""
services:
  server:
    image: prefect
    command: prefect server start --host 0.0.0.0 --port 4200
    ports: ["127.0.0.1:4200:4200"]
    environment: {PREFECT_SERVER_ANALYTICS_ENABLED: "false"}
    healthcheck:
      test: python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:4200/api/health')"
      interval: 1s
      start_period: 120s
      start_interval: 1s
  worker:
    build: ./context
    command: [python, -c, "import flows.products, time; print('imported'); time.sleep(600)"]
    init: true
""")
    (files.folder / "context").mkdir()
    (files.folder / "context" / "Dockerfile").touch()
    files.run("up", "--wait")
    with docker.network():
        with urllib.request.urlopen("http://127.0.0.1:4200/api/health") as answer:
            assert json.load(answer) is True
        for page in ("/", "/v2/"):
            with urllib.request.urlopen(f"http://127.0.0.1:4200{page}") as answer:
                assert b"<html" in answer.read()
    told = files.run(
        "exec", "-T", "server", "sh", "-c", "id -un; pwd; ls /app; ls -A /tmp"
    )
    assert told == "root\n/opt/prefect\n"
    assert "tini" in files.run("exec", "-T", "server", "cat", "/proc/1/comm")
    assert files.run("exec", "-T", "worker", "id", "-un") == "app\n"
    files.run("stop")
    states = {c.settings["service"]: c.state["exit_code"] for c in docker.containers()}
    assert states["worker"] == 143
