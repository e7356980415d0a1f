"""Chromium of the machine, driven by Playwright."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator

from tests.servers.programs import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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
