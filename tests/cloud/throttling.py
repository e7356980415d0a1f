"""Throttling: the next calls of an action get AWS's error for too many requests."""

from __future__ import annotations

import threading
from collections import Counter

from tests.cloud.call import AwsError, Call
from tests.cloud.switches import SWITCHES

THROTTLED = "Rate exceeded"

# Services with another error than the JSON ones.
ERRORS = {
    "ec2": ("RequestLimitExceeded", 503),
    "s3": ("SlowDown", 503),
    "cloudformation": ("Throttling", 400),
    "iam": ("Throttling", 400),
    "sns": ("Throttled", 429),
}


class Throttling:
    """Number of calls of each action that are still to be refused."""

    def __init__(self) -> None:
        self._left: Counter[tuple[str, str]] = Counter()
        self._called: set[tuple[str, str]] = set()
        self._counting = threading.Lock()

    def refuse(self, service: str, action: str, times: int) -> None:
        """Set how many of the next calls are refused."""
        with self._counting:
            self._left[service, action] = times

    def check(self, call: Call, only_counted: bool = False) -> None:
        """Raise an error if this call is to be refused.

        Args:
            call: Call to check.
            only_counted: Whether first calls pass, as AWS's own services repeat theirs.
        """
        action = (call.service, call.action)
        with self._counting:
            if self._left[action] > 0:
                self._left[action] -= 1
            elif only_counted or not self._is_first(action):
                return
        code, status = ERRORS.get(call.service, ("ThrottlingException", 400))
        raise AwsError(code, THROTTLED, status)

    def _is_first(self, action: tuple[str, str]) -> bool:
        """Return whether the first call of each action is refused, and this is one."""
        if not SWITCHES.throttled:
            self._called.clear()
            return False
        known = action in self._called
        self._called.add(action)
        return not known
