"""Ctrl-C and SIGTERM, which some libraries turn into other errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from utils.errors import chain_of, raise_alone


@contextmanager
def interruptions_pass() -> Iterator[None]:
    """Raise the interruption itself, if a library turned it into an error.

    DuckDB answers a signal during a query with `RuntimeError: Query interrupted`. Prefect
    would call such a run Failed, and retry it, while the container is being stopped.
    """
    try:
        yield
    except Exception as error:
        if interruption := interruption_behind(error):
            raise_alone(interruption)
        raise


def interruption_behind(error: BaseException | None) -> BaseException | None:
    """Return the KeyboardInterrupt or SIGTERM that caused an error, None if neither did."""
    # KeyboardInterrupt, Prefect's TerminationSignal
    return next(
        (each for each in chain_of(error) if not isinstance(each, Exception)), None
    )
