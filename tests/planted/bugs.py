"""Bugs in a source, which raise, log or end the process while they hold a secret."""

from __future__ import annotations

import base64
import logging
import os
import sys
import time
import warnings
from typing import Any, Callable, NoReturn


def raises_quoted(secret: str) -> NoReturn:
    """A wrong key of a dictionary, whose text is a repr."""
    raise KeyError({"token": secret})


def raises_base64(secret: str) -> NoReturn:
    """A header in an error's text."""
    sent = base64.b64encode(f"user:{secret}".encode()).decode()
    raise RuntimeError(f"Authorization: Basic {sent}")


def has_a_cause(secret: str) -> NoReturn:
    """An error whose own text is harmless, but not its cause's and its context's."""
    try:
        try:
            raise ValueError(secret)
        except ValueError as error:
            raise RuntimeError(f"cannot log in with {secret}") from error
    except RuntimeError:
        raise LookupError("the API refused")


def has_notes(secret: str) -> NoReturn:
    """An error with a note and further arguments."""
    error = RuntimeError("the API refused", {"headers": secret})
    error.add_note(f"while sending {secret}")
    raise error


def is_a_group(secret: str) -> NoReturn:
    """Errors of several threads."""
    raise ExceptionGroup("several", [ValueError("one"), ValueError(secret)])


def shows_the_environment(secret: str) -> NoReturn:
    """An error that lists the environment."""
    raise RuntimeError(f"no proxy in {dict(os.environ)}")


def shows_a_line_of_a_key(secret: str) -> NoReturn:
    """A parser's error with a line of a PEM file."""
    key = os.environ["DESTINATION__WAREHOUSE__CREDENTIALS__PRIVATE_KEY"]
    raise ValueError(f"not base64: {key.splitlines()[2]}")


def exits(secret: str) -> NoReturn:
    """The process ends at once, after the secret was logged."""
    logging.getLogger("dlt").error("Sent %s", secret)
    time.sleep(0.3)
    os._exit(70)


def exits_in_words(secret: str) -> NoReturn:
    """`sys.exit` with a text, which Python writes to the console."""
    sys.exit(f"cannot log in with {secret}")


def logs(secret: str) -> NoReturn:
    """Log lines of libraries, with and without arguments, and a traceback."""
    warnings.warn(f"{secret} is deprecated")
    for name in ("dlt", "prefect", "urllib3.connectionpool", "pets"):
        logger = logging.getLogger(name)
        logger.error("Sent %s", secret)
        logger.error(f"Sent {secret!r}")
        logger.warning("Sent %(token)s", {"token": secret})
        try:
            raise ValueError(secret)
        except ValueError:
            logger.exception("It was refused")
    raise RuntimeError("the API refused")


BUGS: dict[str, Callable[[str], Any]] = {
    each.__name__: each
    for each in (
        *(raises_quoted, raises_base64, has_a_cause, has_notes, is_a_group),
        *(shows_the_environment, shows_a_line_of_a_key, exits, exits_in_words, logs),
    )
}
QUICK_BUGS = ("has_a_cause", "exits")
RARE_BUGS = ("raises_quoted", "raises_base64", "is_a_group", "exits_in_words")
