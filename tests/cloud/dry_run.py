"""Dry runs for every service, like EC2's: calls are judged and not made."""

from __future__ import annotations

from typing import Any

HEADER = "X-Dry-Run"
ALLOWED = "DryRunOperation"


def dry(client: Any) -> Any:
    """Turn each call of a client into a dry run."""

    def mark(params: dict[str, Any], **_: Any) -> None:
        params["headers"][HEADER] = "true"

    client.meta.events.register("before-call", mark)
    return client
