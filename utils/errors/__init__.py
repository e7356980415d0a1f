"""Errors that people cause and can mend."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Collection, Iterator, NoReturn


class ClearError(Exception):
    """Its message says what is wrong, where, and what to do; a traceback adds nothing.

    The command line shows the message alone. The run in Prefect keeps the traceback.
    """


def raise_alone(error: BaseException) -> NoReturn:
    """Raise an error that has already been raised, in place of the one it has caused.

    Python makes the error that is being handled the context of the one that is raised.
    Here the first has the second among its causes: their chain would be a ring.
    """
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, what caused it or was handled before it, and so on, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def sentence(said: object) -> str:
    """What another program said, in one line that ends with a full stop."""
    return " ".join(str(said).split()).rstrip(".") + "."


def nearest(wrong: str, names: Collection[str], otherwise: str = "") -> str:
    """Advice to whoever wrote this, which is none of these names."""
    if alike := get_close_matches(wrong, names, n=1):
        return f"Did you mean `{alike[0]}`?"
    return otherwise or f"There is {', '.join(sorted(names)) or 'none'}."
