"""What keeps pages out of a Prefect server, apart from its password."""

from __future__ import annotations

from tests.servers.prefect_api import ask

PAGE = "http://127.0.0.1:9"


def assert_closed(url: str, password: str | None = None) -> None:
    """Assert that a server wants CSRF tokens, and shows nothing to other origins.

    Args:
        url: Address without the path of the API.
        password: As in the setting `api.auth_string`; None for a server without one.
    """
    auth = tuple(password.split(":", 1)) if password else None
    flow = {"name": "made-without-a-token"}
    answer = ask("POST", f"{url}/api/flows/", json=flow, auth=auth)
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": "Missing CSRF token."},
    )
    origin = {"Origin": PAGE}
    answer = ask("GET", f"{url}/api/admin/version", headers=origin, auth=auth)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
