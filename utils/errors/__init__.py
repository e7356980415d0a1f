"""Errors that people cause and can fix."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Collection, Iterator, NoReturn


class ClearError(Exception):
    """Error whose message says what is wrong, where, and what to do.

    The command line shows the message alone. The run in Prefect keeps the traceback.
    """


def raise_alone(error: BaseException) -> NoReturn:
    """Raise an error again, in place of the error that it caused.

    Python makes the error that is being handled the context of the raised one. Here the
    raised error is among the causes of the handled one: their chain would be a ring.
    """
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its chain of causes and contexts, each once."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def sentence(said: object) -> str:
    """Return another program's message as one line that ends with a full stop."""
    return " ".join(str(said).split()).rstrip(".") + "."


def last_line(message: str) -> str:
    """Return the last line of an error's message, without what dlt adds to each error."""
    told, _, _ = message.partition("\n\nPending packages are left")
    return told.strip().rpartition("\n")[2].strip()


def nearest(wrong: str, names: Collection[str], otherwise: str = "") -> str:
    """Return advice on a wrong name.

    Args:
        wrong: Name that is not among `names`.
        names: Names that exist.
        otherwise: Advice if no name is similar; by default the list of names.
    """
    if alike := get_close_matches(wrong, names, n=1):
        return f"Did you mean `{alike[0]}`?"
    return otherwise or f"There is {', '.join(sorted(names)) or 'none'}."
