"""Passwords of the compose file, and what its commands say when something is missing."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from prefect.settings import PREFECT_PROFILES_PATH, temporary_settings

from infrastructure import server_version
from infrastructure.control_plane import compose
from infrastructure.local_server import PROFILE
from tests.repository.tree import ROOT
from utils.errors import ClearError

FILE = ROOT / "infrastructure/compose.yaml"
SERVICES = yaml.safe_load(FILE.read_text())["services"]


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(compose, "SETTINGS", tmp_path / ".env")
    with temporary_settings({PREFECT_PROFILES_PATH: tmp_path / "profiles.toml"}):
        yield tmp_path / ".env"


def values(file: Path) -> dict[str, str]:
    found = re.findall(r"^(\w+)='([^']*)'$", file.read_text(), re.MULTILINE)
    assert len(found) == len(file.read_text().splitlines())
    return dict(found)


def test_passwords_are_made_once_and_private(settings):
    compose.make_settings()
    made = values(settings)
    compose.make_settings()
    assert values(settings) == made
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert len(made["POSTGRES_PASSWORD"]) > 30
    assert made["PREFECT_API_AUTH_STRING"].startswith("dev:")
    assert made["CLONE"] == str(ROOT)


def test_the_profile_has_the_same_password(settings, tmp_path):
    compose.make_settings()
    profiles = (tmp_path / "profiles.toml").read_text()
    assert f"[profiles.{PROFILE}]" in profiles
    assert values(settings)["PREFECT_API_AUTH_STRING"] in profiles
    assert compose.ADDRESS in profiles


def test_the_file_takes_nothing_else_from_its_environment(settings):
    compose.make_settings()
    used = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    assert used == set(values(settings))


def test_git_ignores_the_passwords_and_backups():
    names = ["infrastructure/.env", "prefect-20261201T020000Z.dump"]
    ignored = subprocess.run(
        ["git", "check-ignore", *names], cwd=ROOT, capture_output=True, text=True
    )
    assert ignored.stdout.split() == names


def test_images_are_pinned():
    images = {name: each.get("image", "") for name, each in SERVICES.items()}
    server = f"docker.io/prefecthq/prefect:{server_version.server_version()}-python3.11"
    assert images["server"] == server
    assert re.fullmatch(r"docker.io/library/postgres:\d+\.\d+-\w+", images["database"])


def test_only_this_machine_reaches_it_and_memory_is_limited():
    ports = [port for each in SERVICES.values() for port in each.get("ports", ())]
    assert ports == ["127.0.0.1:4200:4200"]
    assert all("mem_limit" in each for each in SERVICES.values())


def test_without_docker_and_without_passwords(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClearError, match="Neither docker nor podman"):
        compose.backup(tmp_path / "a.dump")
    (tmp_path / "podman").write_text("#!/bin/sh\necho no such service >&2\nexit 3\n")
    (tmp_path / "podman").chmod(0o755)
    with pytest.raises(ClearError, match="control_plane prepare"):
        compose.backup(tmp_path / "a.dump")
    compose.make_settings()
    with pytest.raises(
        ClearError, match="(?s)`exec -T database pg_dump .*no such service"
    ) as e:
        compose.backup(tmp_path / "a.dump")
    assert values(settings)["POSTGRES_PASSWORD"] not in str(e.value)
    assert not list(tmp_path.glob("*dump*"))


def test_files_that_are_there_or_missing(tmp_path):
    there = tmp_path / "a.dump"
    there.touch()
    with pytest.raises(ClearError, match="is there already"):
        compose.backup(there)
    with pytest.raises(ClearError, match="no file"):
        compose.restore(tmp_path / "b.dump")
