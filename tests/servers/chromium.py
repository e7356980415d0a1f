"""Chromium of the machine, driven by Playwright."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Iterator

from tests.servers.programs import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ATTEMPTS = 5


@contextmanager
def running_chromium(*arguments: str) -> Iterator[Browser]:
    """Run Chromium with further arguments of its command line; skip where it is missing."""
    path = program("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-dev-shm-usage", *arguments],
        )
        try:
            yield browser
        finally:
            browser.close()


def quick_run(page: Page, address: str) -> None:
    """Start a run by the button of a deployment's page in Prefect's UI.

    A click is lost before the page is ready, and a busy server refuses the run.
    """
    from playwright.sync_api import TimeoutError

    for _ in range(ATTEMPTS):
        page.goto(address, wait_until="networkidle")
        page.get_by_role("button", name=re.compile("^Run$")).first.click()
        button = page.get_by_text("Quick run").first
        with suppress(TimeoutError):
            with page.expect_response(
                re.compile("/create_flow_run$"), timeout=30_000
            ) as answer:
                button.click()
            if answer.value.ok:
                return
    raise RuntimeError(f"Prefect's UI starts no run at {address}")
