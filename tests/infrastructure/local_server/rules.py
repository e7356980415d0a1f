"""What keeps pages out of a Prefect server, apart from its password."""

from __future__ import annotations

import httpx

PAGE = "http://127.0.0.1:9"


def assert_closed(url: str, password: str | None = None) -> None:
    """Assert that a server wants CSRF tokens, and shows nothing to other origins.

    Args:
        url: Address without the path of the API.
        password: As in the setting `api.auth_string`; None for a server without one.
    """
    auth = tuple(password.split(":", 1)) if password else None
    flow = {"name": "made-without-a-token"}
    answer = httpx.post(f"{url}/api/flows/", json=flow, auth=auth, verify=False)
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": "Missing CSRF token."},
    )
    answer = httpx.get(
        f"{url}/api/admin/version", headers={"Origin": PAGE}, auth=auth, verify=False
    )
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
