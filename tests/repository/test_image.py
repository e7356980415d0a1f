"""The image: its content, and runs of the worker and flows in it."""

from __future__ import annotations

import mmap
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Iterator

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate

from blocks.ecs_pool import WRITABLE
from tests.repository.tree import ROOT, copy_repository
from tests.servers.duckdb_warehouse import EXCHANGE_RATES
from tests.servers.images import CLUTTER, LEFT_OUT, PLANTED, build
from tests.servers.ports import free_port

pytestmark = pytest.mark.slow

COUNT = f"""
import duckdb
with duckdb.connect("/home/app/warehouse.duckdb") as warehouse:
    print(*warehouse.execute("SELECT count(*) FROM {EXCHANGE_RATES}").fetchone())
"""

CODE = ("flows", "infrastructure/control_plane", "pipelines", "sources", "utils")
# Imports of flows and the worker, some of them only at run time.
IMPORTED = """
import importlib, pkgutil

for package in ("flows", "pipelines", "sources", "utils"):
    for module in pkgutil.iter_modules([package]):
        importlib.import_module(f"{package}.{module.name}")
import adbc_driver_postgresql.dbapi, boto3, cyclopts, duckdb, prefect.engine, psycopg2
import pyarrow.compute, pyarrow.csv, pyarrow.dataset, pyarrow.fs, pyarrow.parquet
import prefect_aws.workers.ecs_worker, s3fs, snowflake.connector
from dlt.destinations import duckdb, filesystem, postgres, redshift, snowflake
from parsons.databases.redshift import Redshift
from parsons.ngpvan import VAN
"""


@pytest.fixture(scope="module")
def container(image):
    with image.container() as container:
        yield container


@pytest.fixture(scope="module")
def app(container) -> Path:
    """The folder /app as seen by this machine."""
    return container.files / "app"


def test_its_settings(image):
    settings = image.described["config"]
    assert settings["User"] == "app"
    assert settings["WorkingDir"] == "/app"
    assert "Entrypoint" not in settings
    assert set(settings["Volumes"]) == set(WRITABLE.values())
    assert {
        *("IMAGE_VERSION=0a1b2c3", "PYTHONUNBUFFERED=1"),
        "ARROW_DEFAULT_MEMORY_POOL=system",
    } <= set(settings["Env"])


def test_it_has_the_code_and_nothing_else(app, tmp_path):
    clone = copy_repository(tmp_path / "clone")
    wanted = {
        *("pyproject.toml", "uv.lock", ".dlt/config.toml"),
        *(".ci/requirements.txt", "NOTICE", "infrastructure/__init__.py"),
        *("infrastructure/compose.yaml", "infrastructure/compose.machine.yaml"),
        "infrastructure/lease_storage.py",
        "infrastructure/server_pulse.py",
        *(str(f.relative_to(clone)) for c in CODE for f in (clone / c).rglob("*.*")),
    }
    found = {
        str(file.relative_to(app))
        for file in app.rglob("*")
        if file.is_file()
        and file.relative_to(app).parts[0] != ".venv"
        and file.parent.name != "__pycache__"
    }
    assert found == wanted
    assert not found & {*CLUTTER, *LEFT_OUT}
    assert not list(app.glob("flows/__pycache__/gone*"))


def test_no_layer_has_a_secret_of_the_clone(image, tmp_path):
    image.write(tmp_path)
    blobs = [each for each in tmp_path.iterdir() if each.stat().st_size]
    assert len(blobs) > len(image.described["rootfs"]["diff_ids"])
    for each in blobs:
        with each.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            assert content.find(PLANTED.encode()) == -1, each


def test_nothing_of_the_build_is_left(container, app):
    tools = "uv pip gcc cc make git".split()
    search = "; ".join(f"command -v {tool}" for tool in tools)
    assert container.run("sh", "-c", f"{search}; true") == ""
    packages = {path.name for path in app.glob(".venv/lib/python3*/site-packages/*")}
    assert not packages & {"pip", "uv", "pytest", "moto", "playwright", "black"}
    for left in ("root/.cache", "home/app/.cache", "uv", "run/secrets"):
        assert not (container.files / left).exists()


def test_the_user_can_write_only_at_home(container):
    assert container.run("sh", "-c", "id -un; touch $HOME/a; pwd").split() == [
        *("app", "/app")
    ]
    assert container.run("find", "/app", "-writable") == ""


def test_all_that_is_imported_is_there_as_bytecode(container):
    done = subprocess.run(
        container.command("python", "-v", "-c", IMPORTED),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    read = re.findall(r"^# code object from '?(.+?)'?$", done.stderr, re.MULTILINE)
    assert len(read) > 1000
    assert [path for path in read if not path.endswith(".pyc")] == []


def test_a_flow_prints_its_options(container):
    assert "--refresh" in container.run(
        "python", "-m", "flows.exchange_rates", "--help"
    )


def test_a_flow_loads(container, prefect_api):
    printed = container.run(
        *("python", "-m", "flows.exchange_rates"),
        environment={"PREFECT_API_URL": prefect_api},
    )
    # In a volume, where this machine does not see it.
    rows = int(container.run("python", "-c", COUNT))
    assert f"table: exchange_rates, {rows:,} rows" in printed
    assert rows > 200_000


@pytest.fixture
def pool(prefect_api: str) -> Iterator[str]:
    """A work pool for the worker, which is gone before somebody makes the pool `dev`."""
    with get_client(sync_client=True) as client:
        pool = client.create_work_pool(WorkPoolCreate(name="image", type="ecs"))
        yield pool.name
        client.delete_work_pool(pool.name)


def test_the_worker_starts(container, prefect_api, pool):
    url = f"http://127.0.0.1:{(port := free_port())}/health"
    worker = subprocess.Popen(
        container.command(
            *("prefect", "worker", "start", "--pool", pool, "--type", "ecs"),
            "--with-healthcheck",
            environment={
                "PREFECT_API_URL": prefect_api,
                "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
                "PREFECT_WORKER_WEBSERVER_PORT": str(port),
                "PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_ENABLED": "false",
            },
        ),
        start_new_session=True,
    )
    try:
        wait_until_healthy(url, worker)
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        worker.wait(timeout=60)


def wait_until_healthy(url: str, worker: subprocess.Popen[bytes]) -> None:
    for _ in range(1800):
        assert worker.poll() is None
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(url)


def test_a_change_of_code_leaves_the_dependencies_layer(image, clone):
    changed = clone / "flows" / "hello_world.py"
    changed.write_text(changed.read_text() + "\n# changed\n")

    again = build(clone)

    layers, dependencies = layers_and_dependencies(image.described)
    layers_again, _ = layers_and_dependencies(again.described)
    assert layers_again[: dependencies + 1] == layers[: dependencies + 1]
    assert layers_again[dependencies + 1 :] != layers[dependencies + 1 :]
    with again.container() as container:
        assert "# changed" in container.run("cat", "flows/hello_world.py")


def layers_and_dependencies(image: dict) -> tuple[list[str], int]:
    """Return the layers' digests, and the one with the dependencies."""
    steps = [step for step in image["history"] if not step.get("empty_layer")]
    (place,) = [n for n, step in enumerate(steps) if ".venv" in step["created_by"]]
    return image["rootfs"]["diff_ids"], place


def test_the_readme_has_its_size(app):
    section = (ROOT / "README.md").read_text().partition("## The image")[2]
    packages = next(app.glob(".venv/lib/python3*/site-packages"))
    table = re.findall(r"^\| `(.+?)` \| (\d+) MB \|", section, re.MULTILINE)
    documented = {name: int(megabytes) for name, megabytes in table}
    assert len(documented) >= 5
    for name, size in documented.items():
        (path,) = packages.glob(name) if name != "/app" else (app,)
        assert size == pytest.approx(megabytes(path), rel=0.1, abs=1), name


def megabytes(path: Path) -> float:
    return sum(file.lstat().st_size for file in (path, *path.rglob("*"))) / 1e6
