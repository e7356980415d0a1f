"""Fixtures of all tests: an empty home, a temporary warehouse, a real Prefect server.

Settings and secrets of the person who runs the tests are out of reach: Prefect's home
and dlt's settings are temporary before either library is imported.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from tests.ports import free_port

ROOT = Path(__file__).parent.parent
# How the names of environment variables begin that Prefect, dlt or boto3 would read.
SETTINGS = (
    *("PREFECT_", "AWS_", "DLT_", "RUNTIME_", "PIPELINES_", "DATASET_", "STAGING_"),
    *("DESTINATION_", "SOURCES_", "EXTRACT_", "NORMALIZE_", "LOAD_"),
)
SCRATCH = Path(tempfile.mkdtemp(prefix="prefect-dlt-ecs-tests-"))


def pytest_configure(config: pytest.Config) -> None:
    settings = SCRATCH / "settings" / ".dlt"
    settings.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / ".dlt" / "config.toml", settings)
    for name in list(os.environ):
        if name.startswith(SETTINGS):
            del os.environ[name]
    os.environ |= {
        "DLT_PROJECT_DIR": str(settings.parent),
        # of the server that the fixture prefect_api starts
        "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
        "PREFECT_HOME": str(SCRATCH / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # retries wait milliseconds
        "RUNTIME__REQUEST_BACKOFF_FACTOR": "0.001",
    }


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may skip."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the DuckDB file that the pipelines of this test load into."""
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("PIPELINES_DIR", str(tmp_path / "pipelines"))
    return tmp_path / "warehouse.duckdb"


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """The address of a real Prefect server, one for the session, where flows run."""
    from tests.prefect_server import drain, running_server

    with running_server(SCRATCH / "server", os.environ["PREFECT_API_URL"]) as api_url:
        yield api_url
        drain()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy of this repository, at a path with a space."""
    return copy_repository(tmp_path / "a clone")


def copy_repository(target: Path) -> Path:
    """Copy what git would clone, and what it would if all were committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target
