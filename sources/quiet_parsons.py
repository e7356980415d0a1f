"""Imports of parsons that print nothing: parsons writes past the run's log."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def quiet_parsons() -> Iterator[None]:
    """Silence what parsons prints on import, and later says of each listing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
    logger = logging.getLogger("parsons")
    logger.handlers.clear()
    logger.setLevel(logging.WARNING)
