"""Fixtures of all tests: an empty home, a temporary warehouse, a real Prefect server.

Tests cannot reach the user's own settings and secrets: Prefect and dlt get temporary
ones before they are used.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator

import pytest

from tests.parallel import Files, leave_out_slow, long_first, workers
from tests.repository.tree import ROOT, SETTINGS, copy_repository
from tests.servers.guard import watch
from tests.servers.images import image_settings
from tests.servers.ports import free_port
from tests.servers.python import start_python

if TYPE_CHECKING:
    from tests.cloud.cloud import Cloud
    from tests.fakes.aws import Aws
    from tests.fakes.hubspot import HubSpot
    from tests.fakes.vault import Vault
    from tests.samples.queries import Queries
    from tests.servers.images import Image
    from tests.servers.lakes import Lake
    from tests.servers.postgres import Database
    from tests.servers.warehouses import Warehouse

scratch_key = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    scratch = Path(tempfile.mkdtemp(prefix="prefect-dlt-ecs-tests-"))
    config.stash[scratch_key] = scratch
    watch(scratch)
    settings = scratch / "settings" / ".dlt"
    settings.mkdir(parents=True)
    shutil.copy(ROOT / ".dlt" / "config.toml", settings)
    for name in list(os.environ):
        if name.startswith(SETTINGS):
            del os.environ[name]
    # Without .pyc files Prefect and dlt take three times as long to import. Some
    # shells forbid Python to write them.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    os.environ |= {
        "DLT_PROJECT_DIR": str(settings.parent),
        # settings of the server that the fixture prefect_api starts
        "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
        "PREFECT_HOME": str(scratch / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # Each of Prefect's clients reads the certificates of all authorities, which is
        # half of a small flow run's CPU.
        "PREFECT_API_SSL_CERT_FILE": str(ROOT / "tests/servers/no_authority.pem"),
        "DO_NOT_TRACK": "1",
        "XDG_RUNTIME_DIR": str(scratch),  # PostgreSQL's sockets and locks
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # retries wait milliseconds
        "RUNTIME__REQUEST_BACKOFF_FACTOR": "0.001",
        **image_settings(scratch),
    }
    if workers(config):
        start_python()  # one for all of pytest's processes
    # A shell's background jobs and their children ignore SIGINT. Prefect's worker ends
    # by sending itself SIGINT, and would otherwise go on until it is killed.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from dlt.common.runtime import run_context

    # dlt also reads settings from ~/.dlt, or /var/dlt for root
    run_context.global_dir = lambda: str(scratch / "global" / ".dlt")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[scratch_key], ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session with skipped tests in CI."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return workers(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    return Files(config, log)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    leave_out_slow(config, items)
    long_first(items)


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Path of the DuckDB file into which the test's pipelines load."""
    from tests.servers.duckdb_warehouse import load_into

    return load_into(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[Database]:
    """Real PostgreSQL server, one for the session."""
    from tests.servers.postgres import running_postgres

    with running_postgres(pytestconfig.stash[scratch_key] / "postgres") as server:
        yield server


@pytest.fixture
def application(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Empty database of the application that `products` reads."""
    from tests.servers.postgres import new_database

    database = new_database(postgres)
    monkeypatch.setenv("SOURCES__PRODUCTS__CREDENTIALS", database.url)
    return database


@pytest.fixture
def feed(application: Database) -> Database:
    """Database of the application, with an empty change feed."""
    from tests.samples.change_feed import create_change_feed

    return create_change_feed(application)


@pytest.fixture
def postgres_warehouse(
    postgres: Database, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    """PostgreSQL database into which the test's pipelines load."""
    from tests.servers.postgres import new_database

    database = new_database(postgres)
    for name, value in database.settings.items():
        monkeypatch.setenv(name, value)
    return database


@pytest.fixture
def duckdb_warehouse(warehouse: Path) -> Warehouse:
    """Warehouse for tests that need only one type."""
    from tests.servers.warehouses import DuckDBWarehouse

    return DuckDBWarehouse(warehouse)


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.slow)])
def any_warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Warehouse of the test, once in DuckDB and once in PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_warehouse")


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpot]:
    """The HubSpot account that `hubspot` reads, empty."""
    from tests.fakes.hubspot import TOKEN, serving_hubspot

    with serving_hubspot() as account:
        monkeypatch.setenv("SOURCES__HUBSPOT__BASE_URL", account.api.url)
        monkeypatch.setenv("SOURCES__HUBSPOT__ACCESS_TOKEN", TOKEN)
        yield account


@pytest.fixture(scope="session")
def aws_server(pytestconfig: pytest.Config) -> Iterator[Aws]:
    """Fake AWS, one for the session."""
    from tests.fakes.aws import running_aws

    with running_aws(pytestconfig.stash[scratch_key]) as aws:
        yield aws


@pytest.fixture
def aws(aws_server: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Empty AWS account, which AWS libraries find by the environment."""
    for name, value in aws_server.environment.items():
        monkeypatch.setenv(name, value)
    yield aws_server
    aws_server.empty()


@pytest.fixture(scope="session")
def cloud(pytestconfig: pytest.Config) -> Iterator[Cloud]:
    """Fake AWS with CloudFormation, IAM and Fargate, one process for the session."""
    from tests.cloud.cloud import running_cloud

    with running_cloud(pytestconfig.stash[scratch_key] / "cloud") as cloud:
        yield cloud


@pytest.fixture
def vault(aws: Aws) -> Iterator[Vault]:
    """AWS Secrets Manager, as a further place where dlt looks for secrets."""
    from tests.fakes.vault import vault_of

    with vault_of(aws) as vault:
        yield vault


@pytest.fixture(scope="session")
def redshift_database(postgres: Database) -> Database:
    """Database that stands for Redshift, with unhelpful settings. Exports only read."""
    from tests.servers.postgres import new_database

    database = new_database(postgres)
    for setting in (
        "timezone TO 'Asia/Tokyo'",
        "datestyle TO 'SQL, DMY'",
        "extra_float_digits TO 0",  # Redshift's default
    ):
        database.query(f"ALTER DATABASE {database.name} SET {setting}")
    return database


@pytest.fixture
def redshift(redshift_database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Redshift that `redshift_export` queries, which PostgreSQL stands for."""
    for name, value in redshift_database.redshift_settings.items():
        monkeypatch.setenv(name, value)
    return redshift_database


@pytest.fixture
def queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queries:
    """Folder `pets` for queries, in place of the repository's own."""
    from tests.samples.queries import Queries

    return Queries(tmp_path, monkeypatch)


@pytest.fixture
def local_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Lake of the test, an empty folder."""
    from tests.servers.lakes import LocalLake

    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    return LocalLake(tmp_path / "lake")


@pytest.fixture(params=["folder", pytest.param("S3", marks=pytest.mark.slow)])
def any_lake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Lake of the test, once a local folder and once a bucket."""
    from tests.servers.lakes import S3Lake

    if request.param == "folder":
        return request.getfixturevalue("local_lake")
    lake = S3Lake(request.getfixturevalue("aws"))
    monkeypatch.setenv("DESTINATION__LAKE__BUCKET_URL", lake.address)
    return lake


@pytest.fixture(scope="session")
def prefect_api(pytestconfig: pytest.Config) -> Iterator[str]:
    """Address of a real Prefect server for flow runs, one for the session."""
    from tests.servers.prefect import drain, running_server

    home = pytestconfig.stash[scratch_key] / "server"
    with running_server(home, os.environ["PREFECT_API_URL"]) as api_url:
        yield api_url
        drain()


@pytest.fixture(scope="session")
def image(pytestconfig: pytest.Config) -> Iterator[Image]:
    """Real image, built from a folder that also has files not meant for it."""
    from tests.servers.images import built_image, cluttered_copy, what_is_missing

    if missing := what_is_missing():
        pytest.skip(missing)
    context = cluttered_copy(pytestconfig.stash[scratch_key] / "cluttered")
    with built_image(context) as image:
        yield image


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy of this repository at a path with a space."""
    return copy_repository(tmp_path / "a clone")
