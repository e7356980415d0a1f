"""Errors that hold secrets in messages, causes, fields, notes and errors within them."""

from __future__ import annotations

import pickle
import traceback
from typing import Callable

import pytest
import requests

from utils.errors import ClearError
from utils.errors.redacted import RedactedError, redact_error, redacted_errors
from utils.errors.transient import is_worth_retrying

SECRET = "sesame/open+now"


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("SOURCES__PETS__TOKEN", SECRET)


def clear() -> Exception:
    return ClearError(f"The token {SECRET} is wrong.")


def with_cause() -> Exception:
    error = ClearError("Nothing was loaded.")
    error.__cause__ = ValueError({"header": [SECRET.encode()]})
    return error


def with_context() -> Exception:
    error = ClearError("Nothing was loaded.")
    error.__context__ = KeyError(SECRET)
    return error


def with_note() -> Exception:
    error = ClearError("Nothing was loaded.")
    error.add_note(f"sent {SECRET}")
    return error


def with_field() -> Exception:
    error = ClearError("Nothing was loaded.")
    error.sent = {"Authorization": SECRET}  # type: ignore[attr-defined]
    return error


def unchangeable() -> Exception:
    return FileNotFoundError(2, "No such file", f"/{SECRET}")


def cause_that_cannot_be_changed() -> Exception:
    error = ClearError("Nothing was loaded.")
    error.__cause__ = unchangeable()
    error.__cause__.__cause__ = clear()
    return error


def in_a_ring() -> Exception:
    error, other = clear(), clear()
    error.__cause__, other.__cause__ = other, error
    return error


def group() -> Exception:
    return ExceptionGroup("several", [clear(), with_cause()])


def group_with_one_that_cannot_be_changed() -> Exception:
    return ExceptionGroup("several", [ExceptionGroup("some", [unchangeable()])])


MAKERS: list[Callable[[], Exception]] = [
    *(clear, with_cause, with_context, with_note, with_field, unchangeable),
    *(cause_that_cannot_be_changed, in_a_ring, group),
    group_with_one_that_cannot_be_changed,
]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_nothing_of_a_redacted_error_has_the_secret(make):
    redacted = redact_error(make())
    assert SECRET not in "".join(traceback.format_exception(redacted))
    assert SECRET not in repr(redacted)
    assert SECRET.encode() not in pickle.dumps(redacted)


def test_an_error_without_secrets_is_left():
    error = ClearError("Nothing was loaded.", 7)
    error.__cause__ = cause = OSError(2, "No such file", "/tmp/x")
    assert redact_error(error) is error
    assert error.__cause__ is cause and error.args == ("Nothing was loaded.", 7)


def test_a_clear_error_keeps_its_class_and_the_rest_of_its_message():
    redacted = redact_error(clear())
    assert type(redacted) is ClearError and str(redacted) == "The token *** is wrong."


def test_what_passes_by_itself_is_retried_still():
    """A lost connection, told with an address that has a key in its query."""
    lost = requests.ConnectionError(f"GET /rates?app_id={SECRET}")
    lost.add_note(SECRET)
    assert is_worth_retrying(redact_error(lost))
    busy = TimeoutError(110, "Connection timed out", SECRET)
    assert isinstance(redacted := redact_error(busy), RedactedError)
    assert is_worth_retrying(redacted)
    assert not is_worth_retrying(redact_error(unchangeable()))


def test_a_function_raises_without_secrets():
    @redacted_errors
    def fail(make: Callable[[], Exception]) -> None:
        raise make()

    for make in MAKERS:
        with pytest.raises(Exception) as raised:
            fail(make)
        assert SECRET not in "".join(traceback.format_exception(raised.value))
    assert fail.__name__ == "fail"
