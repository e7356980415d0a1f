"""Ways in which a web page sends a request, by functions of attacking_page.js."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from tests.samples.page_requests import CLIENT

JSON = "application/json"


def _basic(password: str) -> str:
    return f"Basic {b64encode(password.encode()).decode()}"


SIMPLE: dict[str, Any] = {"mode": "no-cors", "method": "POST"}
# Ways to send a request with a body. No preflight precedes the first ones.
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "no-cors without a type": ("fetched", SIMPLE),
    "no-cors as text/plain": ("fetched", SIMPLE | {"type": "text/plain"}),
    "no-cors as a form": (
        "fetched",
        SIMPLE | {"type": "application/x-www-form-urlencoded"},
    ),
    "no-cors as parts": ("fetched", SIMPLE | {"type": "multipart/form-data"}),
    "no-cors as JSON": ("fetched", SIMPLE | {"type": JSON}),
    "no-cors with credentials": ("fetched", SIMPLE | {"credentials": "include"}),
    "no-cors, kept alive": ("fetched", SIMPLE | {"keepalive": True}),
    "beacon": ("beacon", {}),
    "form as text/plain": ("form", {"type": "text/plain"}),
    "form, urlencoded": ("form", {"type": "application/x-www-form-urlencoded"}),
    "form in parts": ("form", {"type": "multipart/form-data"}),
    "cors as JSON": ("fetched", {"method": "POST", "type": JSON}),
    "cors without a type": ("fetched", {"method": "POST"}),
    "cors with credentials": (
        "fetched",
        {"method": "POST", "type": JSON, "credentials": "include"},
    ),
    "cors with a forged CSRF token": (
        "fetched",
        {
            "method": "POST",
            "type": JSON,
            "headers": {"Prefect-Csrf-Token": "0" * 64, "Prefect-Csrf-Client": CLIENT},
        },
    ),
    "cors with a CSRF token of its own": (
        "with_token",
        {"method": "POST", "type": JSON, "client": CLIENT},
    ),
    "cors as another method": (
        "fetched",
        {
            "method": "POST",
            "type": JSON,
            "headers": {
                "X-HTTP-Method-Override": "GET",
                "X-Forwarded-For": "127.0.0.1",
            },
        },
    ),
    "XMLHttpRequest": ("xhr", {"method": "POST", "type": JSON}),
}
TOKEN = WAYS["cors with a CSRF token of its own"]

GUESSES = {
    "empty": "Basic ",
    "no password": _basic(""),
    "colon": _basic(":"),
    "admin": _basic("admin:admin"),
    "null": _basic("None"),
    "dev": _basic("dev:dev"),
    "bearer": "Bearer dev",
    "not base64": "Basic %%%",
    "two words": "Basic dev dev",
}
