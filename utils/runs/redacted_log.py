"""Strikes secrets from every log record, warning, and traceback of an uncaught error."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from types import TracebackType
from typing import Any

from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY, PREFECT_API_URL

from utils.errors.redacted import redact_error
from utils.redaction.known_secrets import remember_address, remember_secrets
from utils.redaction.texts import redact


def redact_log_records() -> None:
    """Redact whatever this process logs from now on, whoever logs it."""
    for setting in (PREFECT_API_KEY, PREFECT_API_AUTH_STRING):
        # from a profile or a file of Prefect's
        remember_secrets(setting.value())
    remember_address(PREFECT_API_URL.value())
    make_record = logging.getLogRecordFactory()

    def make_redacted(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return _redact(make_record(*args, **kwargs))

    logging.setLogRecordFactory(make_redacted)
    sys.excepthook = _print_uncaught
    threading.excepthook = _print_uncaught_in_thread
    format_warning = warnings.formatwarning
    warnings.formatwarning = lambda *args, **kwargs: redact(
        format_warning(*args, **kwargs)
    )


def _redact(record: logging.LogRecord) -> logging.LogRecord:
    try:
        message = record.getMessage()
    except Exception:  # the handler reports wrong arguments, and where they were given
        return record
    if (redacted := redact(message)) != message:
        record.msg, record.args = redacted, None
    if record.exc_info and record.exc_info[1]:
        error = redact_error(record.exc_info[1])
        record.exc_info = (type(error), error, error.__traceback__)
    return record


def _print_uncaught(
    kind: type[BaseException], error: BaseException, frames: TracebackType | None
) -> None:
    redacted = redact_error(error)
    sys.__excepthook__(type(redacted), redacted, frames)


def _print_uncaught_in_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value and not isinstance(ended.exc_value, SystemExit):
        _print_uncaught(ended.exc_type, ended.exc_value, ended.exc_traceback)
