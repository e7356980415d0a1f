"""Ctrl-C and SIGTERM stay what they are, whatever a library makes of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

from utils.errors import chain_of, raise_alone


@contextmanager
def interruptions_pass() -> Iterator[None]:
    """Raise what interrupted the process, where a library has turned it into an error.

    DuckDB answers a signal during a query with `RuntimeError: Query interrupted`. Prefect
    would call such a run Failed, and try it again, while the container is being stopped.
    """
    try:
        yield
    except Exception as error:
        if interruption := interruption_behind(error):
            raise_alone(interruption)
        raise


def interruption_behind(error: BaseException | None) -> BaseException | None:
    """The KeyboardInterrupt or SIGTERM that an error was caused by, None if by neither."""
    # KeyboardInterrupt, Prefect's TerminationSignal
    return next(
        (each for each in chain_of(error) if not isinstance(each, Exception)), None
    )
