"""Throttling: the next calls of an action get AWS's error for too many requests."""

from __future__ import annotations

import threading
from collections import Counter

from tests.cloud.call import AwsError, Call

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
        self._counting = threading.Lock()

    def refuse(self, service: str, action: str, times: int) -> None:
        """Set how many of the next calls are refused."""
        with self._counting:
            self._left[service, action] = times

    def check(self, call: Call) -> None:
        """Raise an error if this call is to be refused."""
        with self._counting:
            if self._left[call.service, call.action] <= 0:
                return
            self._left[call.service, call.action] -= 1
        code, status = ERRORS.get(call.service, ("ThrottlingException", 400))
        raise AwsError(code, "Rate exceeded", status)
