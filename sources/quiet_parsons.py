"""parsons' imports without its voice, which goes to standard error, past the run's log."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def quiet_parsons() -> Iterator[None]:
    """Import from parsons in here: no word of how to install it, nor of each listing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
    logger = logging.getLogger("parsons")
    logger.handlers.clear()
    logger.setLevel(logging.WARNING)
