"""Both of Prefect's UIs with the settings of the server on ECS, at another address than its own.

That is how people see an internal server: at this machine's end of a tunnel.
"""

from __future__ import annotations

from typing import Iterator
from urllib.parse import urlsplit

import pytest
from prefect.client.orchestration import SyncPrefectClient

from tests.infrastructure.test_prefect_server_ecs import ENVIRONMENT
from tests.servers.chromium import running_chromium
from tests.servers.ports import free_port
from tests.servers.prefect import running_server

pytestmark = pytest.mark.slow

AUTH = "admin:sesame"
RUN = "a-run-of-the-server"
HOST = "https://prefect.example.org"
# The settings that say where a browser finds what, and what it needs.
OF_BROWSERS = (
    "PREFECT_SERVER_UI_API_URL",
    "PREFECT_UI_URL",
    "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS",
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server with one run, which is not the address that it is given."""
    home = tmp_path_factory.mktemp("ui") / "home"
    settings = {
        name: (
            value
            if isinstance(value := ENVIRONMENT[name], str)
            else value["Sub"].replace("https://${HostName}", HOST)
        )
        for name in OF_BROWSERS
    } | {
        "PREFECT_SERVER_API_AUTH_STRING": AUTH,
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),
    }
    url = f"http://127.0.0.1:{free_port()}"
    with running_server(home, f"{url}/api", settings):
        with SyncPrefectClient(f"{url}/api", auth_string=AUTH) as client:
            flow = client.create_flow_from_name("a-flow")
            run = {"name": RUN, "flow_id": str(flow), "state": {"type": "COMPLETED"}}
            client.request("POST", "/flow_runs/", json=run)
        yield url


@pytest.mark.parametrize("base", ["", "/v2"])
def test_a_person_signs_in_and_sees_runs(address, base):
    asked: set[str] = set()
    with running_chromium() as browser:
        context = browser.new_context()
        version = base.strip("/") or "v1"
        context.add_cookies(
            [{"name": "prefect_ui_version", "value": version, "url": address}]
        )
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("request", lambda each: asked.add(each.url))
        page.goto(f"{address}{base}/runs")
        password = page.locator("input[type=password]").first
        password.fill(AUTH)
        password.press("Enter")
        page.get_by_text(RUN).first.wait_for()
    assert [url for url in asked if url.startswith(f"{address}/api/flow_runs/")]
    assert urlsplit(HOST).hostname not in {urlsplit(url).hostname for url in asked}
