"""Run of a flow by the UI's button."""

from __future__ import annotations

from base64 import b64encode
from typing import Iterator
from uuid import UUID

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId

from tests.end_to_end.platform import AUTH, Platform
from tests.servers.chromium import quick_run, running_chromium
from tests.servers.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def page(platform: Platform) -> Iterator:
    """Prefect's UI in Chromium, signed in."""
    with running_chromium() as browser:
        page = browser.new_page(
            base_url=platform.api_url.removesuffix("/api"),
            viewport={"width": 1400, "height": 900},
        )
        page.set_default_timeout(180_000)
        password = b64encode(AUTH.encode()).decode()
        page.add_init_script(f"localStorage.setItem('prefect-password', '{password}')")
        yield page


def test_quick_run_in_the_ui_is_a_completed_task(page, platform):
    deployment = platform.client.read_deployment_by_name("hello_world/production")
    before = runs_of(platform, deployment.id)
    quick_run(page, f"/deployments/deployment/{deployment.id}")
    new = until(lambda: runs_of(platform, deployment.id) - before, "the UI's run")

    (run,) = map(platform.run, new)
    assert platform.wait(run.id).state.is_completed()
    assert platform.stopped_task(run.id)["containers"][0]["exitCode"] == 0
    page.goto(f"/runs/flow-run/{run.id}")
    page.get_by_text("Completed", exact=True).first.wait_for()


def runs_of(platform: Platform, deployment_id: UUID) -> set[UUID]:
    only = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]))
    return {run.id for run in platform.client.read_flow_runs(flow_run_filter=only)}
