"""A flow run on demand, by the button that people press."""

from __future__ import annotations

import re
import shutil
from base64 import b64encode
from typing import Iterator

import pytest

from tests.end_to_end.platform import AUTH, Platform

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def page(platform: Platform) -> Iterator:
    """Prefect's UI in Chromium, signed in."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(
            base_url=platform.api_url.removesuffix("/api"),
            viewport={"width": 1400, "height": 900},
        )
        page.set_default_timeout(180_000)
        password = b64encode(AUTH.encode()).decode()
        page.add_init_script(f"localStorage.setItem('prefect-password', '{password}')")
        yield page
        browser.close()


def test_quick_run_in_the_ui_is_a_completed_task(page, platform):
    deployment = platform.client.read_deployment_by_name("hello_world/production")
    page.goto(f"/deployments/deployment/{deployment.id}")
    page.get_by_role("button", name=re.compile("^Run$")).first.click()
    page.get_by_text("Quick run").first.click()
    name = page.get_by_text("scheduled to start").first.inner_text().split()[0]

    (run,) = [
        each
        for each in platform.client.read_flow_runs()
        if each.name == name and each.deployment_id == deployment.id
    ]
    assert platform.wait(run.id).state.is_completed()
    assert platform.stopped_task(run.id)["containers"][0]["exitCode"] == 0
    page.goto(f"/runs/flow-run/{run.id}")
    page.get_by_text("Completed", exact=True).first.wait_for()
