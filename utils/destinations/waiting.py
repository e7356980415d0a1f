"""A bounded wait for whoever holds a destination."""

from __future__ import annotations

import logging
import time
from typing import Callable

from utils.errors import ClearError

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
SECONDS_BETWEEN_ATTEMPTS = 0.25


class DestinationHeld(ClearError):
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
    deadline = time.monotonic() + WAIT_SECONDS
    warned = False
    while (held_by := holder()) is not None:
        if time.monotonic() > deadline:
            raise DestinationHeld(
                f"{what} is held by {held_by}, for longer than {WAIT_SECONDS:.0f} s."
                f" Nothing was loaded. {advice}"
            )
        if not warned:
            logger.warning(
                "%s is held by %s; waiting at most %.0f s", what, held_by, WAIT_SECONDS
            )
            warned = True
        time.sleep(SECONDS_BETWEEN_ATTEMPTS)
