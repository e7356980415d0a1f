"""Errors that people cause and can mend."""

from difflib import get_close_matches
from typing import Collection


class ClearError(Exception):
    """Its message says what is wrong, where, and what to do; a traceback adds nothing.

    The command line shows the message alone. The run in Prefect keeps the traceback.
    """


def sentence(said: object) -> str:
    """What another program said, in one line that ends with a full stop."""
    return " ".join(str(said).split()).rstrip(".") + "."


def nearest(wrong: str, names: Collection[str], otherwise: str = "") -> str:
    """Advice to whoever wrote this, which is none of these names."""
    if alike := get_close_matches(wrong, names, n=1):
        return f"Did you mean `{alike[0]}`?"
    return otherwise or f"There is {', '.join(sorted(names)) or 'none'}."
