"""Runs in the real image, which serves the worker and every flow."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from tests.end_to_end.platform import Platform
from tests.repository.tree import ROOT
from tests.servers.images import Image

pytestmark = pytest.mark.slow

FLOWS = ("hello_world", "exchange_rates")


@pytest.fixture(scope="module", autouse=True)
def in_the_image(platform: Platform, image: Image) -> Iterator[None]:
    """Run tasks in the image, with two deployments unchanged from prefect.yaml."""
    platform.cloud.run_tasks_in(image=image.name)
    deploy(platform, ROOT)
    platform.replace_worker()
    yield
    platform.cloud.run_tasks_in(code=platform.code)
    deploy(platform, platform.code)
    platform.replace_worker()


def deploy(platform: Platform, folder: Path) -> None:
    names = [f"--name=flows.{name}.{name}/production" for name in FLOWS]
    platform.command("prefect", "--no-prompt", "deploy", *names, folder=folder)


def test_hello_world_runs_in_the_image(platform):
    run = platform.completed("hello_world/production")
    platform.wait_for_line(run.id, "Work pool production")


def test_exchange_rates_runs_in_the_image(platform):
    platform.warehouse.query("DROP SCHEMA IF EXISTS exchange_rates CASCADE")
    platform.completed("exchange_rates/production", parameters={"refresh": False})
    count = "SELECT count(*) FROM exchange_rates.exchange_rates"
    assert platform.warehouse.query(count) > [(200_000,)]
