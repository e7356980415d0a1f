"""Errors of a load without dlt's wrapping."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import dlt
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.schema.exceptions import DataValidationError
from dlt.extract.exceptions import ResourceExtractionError
from dlt.normalize.exceptions import NormalizeJobFailed
from dlt.pipeline.exceptions import PipelineStepFailed

from utils.destinations.pipelines import type_of
from utils.errors import ClearError, raise_alone
from utils.errors.addresses import without_secrets
from utils.errors.http import api_error
from utils.loading.column_types import type_changed


class DestinationUnavailable(ClearError):
    """The destination is not there, or refuses this user. Nothing was loaded."""


@contextmanager
def plain_errors(source: str) -> Iterator[None]:
    """Raise what the source raised, or Ctrl-C, without dlt's wrapping."""
    from requests import RequestException

    try:
        yield
    except PipelineStepFailed as failure:
        cause = _unwrapped(failure)
        if cause is None:
            raise
        if isinstance(cause, RequestException):
            raise api_error(cause, source) from cause
        raise_alone(cause)


@contextmanager
def unavailable_destination(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Name the destination in an error of its driver.

    Raises:
        DestinationUnavailable: The destination cannot be used.
    """
    try:
        yield
    except (ClearError, ConfigurationException, TimeoutError):
        raise  # the flow's own timeout, too
    except Exception as error:
        destination_type = type_of(pipeline)
        if not _is_from(error, ("dlt", *destination_type.drivers)):
            raise
        # drivers repeat an address that they do not understand, password and all
        message = " ".join(str(error).split()).rstrip(".?")
        shown = without_secrets(message)
        name = pipeline.destination.destination_name
        raise DestinationUnavailable(
            f"The destination {name} ({destination_type.name}) cannot be used:"
            f" {shown}. Nothing was loaded. Check destination.{name} in"
            f" .dlt/secrets.toml or the environment, dlt/destination/{name} in the vault,"
            " and the network to it."
        ) from (error if message == shown else None)


def _is_from(error: Exception, packages: tuple[str, ...]) -> bool:
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, OSError) or package in packages


def _unwrapped(failure: PipelineStepFailed) -> BaseException | None:
    """Return the error that people can do something about, None if it is dlt's."""
    error: BaseException | None = failure.exception
    if isinstance(error, ResourceExtractionError):
        return error.__cause__
    if isinstance(error, NormalizeJobFailed):
        # values in rows get their types only now
        error = error.__cause__
    if isinstance(error, DataValidationError):
        return type_changed(error)
    if isinstance(error, KeyboardInterrupt):
        return error
    return None
