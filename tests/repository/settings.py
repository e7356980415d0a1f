"""Settings and secrets of dlt, which reads them once in a process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.sources.helpers.requests import client


def forget_settings() -> None:
    """Make dlt read its settings again, as a new process would."""
    container = Container()
    if PluggableRunContext in container:
        del container[PluggableRunContext]


@contextmanager
def request_timeout(seconds: float) -> Iterator[None]:
    """Set the timeout of dlt's requests, also in an existing client."""
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("RUNTIME__REQUEST_TIMEOUT", str(seconds))
        client.configure()
        yield
    client.configure()
