"""Errors without secrets: every flow and task that may see one raises them through here."""

from __future__ import annotations

from functools import wraps
from traceback import format_exception_only
from typing import Callable, ParamSpec, TypeVar

from utils.errors import ClearError
from utils.errors.transient import is_worth_retrying
from utils.redaction.texts import redact, redact_all

P = ParamSpec("P")
R = TypeVar("R")


class RedactedError(ClearError):
    """Stands for an error that cannot be changed: its class, and its message redacted."""


class TransientRedactedError(RedactedError, ConnectionError):
    """Stands for one that a retry may cure."""


def redacted_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Strike secrets from the errors of a flow's or task's function.

    It stands below Prefect's decorator, because Prefect publishes an error's message as the
    run's state, and its traceback as a log line.
    """

    @wraps(function)
    def redacting(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # sys.exit() takes a text
            redacted = redact_error(error)
            if redacted is error:
                raise
        raise redacted  # outside, or the first error would be its context

    return redacting


def redact_error(error: BaseException) -> BaseException:
    """Strike secrets from an error, its causes, and the errors within it.

    Returns:
        The same error, changed in place, or one that stands for it where its text cannot be
        changed. Causes are replaced likewise.
    """
    return _redacted(error, {})


def _redacted(error: BaseException, done: dict[int, BaseException]) -> BaseException:
    if id(error) in done:
        return done[id(error)]
    done[id(error)] = error  # before its causes, which may be a ring
    if error.__cause__:
        error.__cause__ = _redacted(error.__cause__, done)
    elif error.__context__:
        error.__context__ = _redacted(error.__context__, done)
    parts = (*error.args, *getattr(error, "exceptions", ()))
    errors = [part for part in parts if isinstance(part, BaseException)]
    replaced = [part for part in errors if _redacted(part, done) is not part]
    if replaced or _shows_secret(error):
        error.args = redact_all(error.args)
        if isinstance(error, SystemExit):
            error.code = redact_all(error.code)
        error.__dict__.update(redact_all(error.__dict__))
        if replaced or _shows_secret(error):
            done[id(error)] = _stand_in(error)
    return done[id(error)]


def _shows_secret(error: BaseException) -> bool:
    """Return whether its message, representation, notes or fields have a secret."""
    shown = [*format_exception_only(error), repr(error), repr(error.__dict__)]
    shown += [str(error.code)] if isinstance(error, SystemExit) else []
    return any(redact(text) != text for text in shown)


def _stand_in(error: BaseException) -> RedactedError:
    made = TransientRedactedError if is_worth_retrying(error) else RedactedError
    message = redact("".join(format_exception_only(error)).strip())
    stand_in = made(message).with_traceback(error.__traceback__)
    stand_in.__cause__ = error.__cause__
    return stand_in
