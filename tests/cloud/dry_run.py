"""Calls that are judged and then not made, as EC2's DryRun has it, for every service."""

from __future__ import annotations

from typing import Any

HEADER = "X-Dry-Run"
ALLOWED = "DryRunOperation"


def dry(client: Any) -> Any:
    """The client, each of whose calls is answered before it does anything."""

    def mark(params: dict[str, Any], **_: Any) -> None:
        params["headers"][HEADER] = "true"

    client.meta.events.register("before-call", mark)
    return client
