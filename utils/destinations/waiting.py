"""A bounded wait for whoever holds a destination."""

from __future__ import annotations

import logging
import time
from typing import Callable

from utils.errors import ClearError

logger = logging.getLogger(__name__)

# Most loads end within it. For the longer ones the task is tried again, three times.
WAIT_SECONDS = 10 * 60.0
SECONDS_BETWEEN_ATTEMPTS = 0.25
SECONDS_BETWEEN_WARNINGS = 60.0


class DestinationHeld(ClearError, TimeoutError):
    """The destination is held by another process. Nothing was loaded."""


def wait_until_free(what: str, holder: Callable[[], str | None], advice: str) -> None:
    """Wait until nobody else holds the destination, at most `WAIT_SECONDS`.

    Args:
        what: Name of the file or dataset, for messages.
        holder: Function that tries to take the destination, and returns the name of its
            holder, or None if the attempt succeeded.
        advice: Sentence for people about a holder that does not let go.

    Raises:
        DestinationHeld: The wait was too short.
    """
    began = time.monotonic()
    warned = float("-inf")
    while (held_by := holder()) is not None:
        waited = time.monotonic() - began
        if waited > WAIT_SECONDS:
            raise DestinationHeld(
                f"{what} is held by {held_by}, for longer than {_minutes(WAIT_SECONDS)}."
                f" Nothing was loaded. {advice}"
            )
        if time.monotonic() - warned > SECONDS_BETWEEN_WARNINGS:
            warned = time.monotonic()
            logger.warning(
                "%s is held by %s; waiting, at most %s more. %s",
                *(what, held_by, _minutes(WAIT_SECONDS - waited), advice),
            )
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds > 90 else f"{seconds:.0f} s"
