"""Log of every call: caller, action, status. A secret's value is never logged."""

from __future__ import annotations

import threading
from typing import Any

from tests.cloud.call import Call

# Secret values, and long ones.
LEFT_OUT = {
    "SecretString",
    "SecretBinary",
    "Body",
    "TemplateBody",
    "ClientRequestToken",
}


class CallLog:
    """Calls since the log was cleared, oldest first."""

    def __init__(self) -> None:
        self._calls: list[dict[str, Any]] = []
        self._writing = threading.Lock()

    def add(self, call: Call, who: str, status: int) -> None:
        """Log a call."""
        parameters = _plain(call.parameters)
        with self._writing:
            self._calls.append(
                {
                    "service": call.service,
                    "action": call.action,
                    "who": who,
                    "status": status,
                    "parameters": parameters,
                }
            )

    def find(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """Return the calls that have all these values."""
        with self._writing:
            calls = list(self._calls)
        return [c for c in calls if all(str(c[k]) == v for k, v in wanted.items())]

    def clear(self) -> None:
        """Remove all calls."""
        with self._writing:
            self._calls.clear()


def _plain(value: Any) -> Any:
    """Convert a value to JSON's types."""
    if isinstance(value, dict):
        return {
            name: _plain(each)
            for name, each in value.items()
            if each is not None and name not in LEFT_OUT
        }
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool)) else str(value)
