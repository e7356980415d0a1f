"""dlt's settings and secrets, which it reads once in a process."""

from __future__ import annotations

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext


def forget_settings() -> None:
    """Let dlt read them again when it needs one, as a new process would."""
    container = Container()
    if PluggableRunContext in container:
        del container[PluggableRunContext]
