"""Names of the events that watch sends to Prefect's server."""

from __future__ import annotations

from utils.watch.judge import Kind
from utils.watch.letters import Action

PREFIX = "data-platform.alert."
LOOKED = "data-platform.watch.looked"
"""Event of a look that went well. Without it an automation says that watch is away."""
BACK = "data-platform.watch.back"
"""Event of the first look after watch was away."""


def event_name(kind: Kind, action: Action) -> str:
    """Return the name of a letter's event."""
    return f"{PREFIX}{kind.value}.{action.value}"
