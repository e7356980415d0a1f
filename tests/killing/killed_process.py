"""Process that kills itself at a chosen place."""

from __future__ import annotations

import os
import pkgutil
import signal
from typing import Any

from tests.killing.forked import processes


def killed_process(
    function: str, *arguments: Any, place: str, when: str = "after", only: str = ""
) -> None:
    """Call a function in a process that dies on the way by SIGKILL.

    Args:
        function: `module:name`, called with `arguments`.
        place: `module:Class.method`; the process dies `when` it is called, "before" or
            "after" it does its work.
        only: text that the call's arguments must contain.
    """
    process = processes.Process(
        target=_call_until,
        args=(dict(os.environ), function, arguments, place, when, only),
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _call_until(
    environment: dict[str, str],
    function: str,
    arguments: tuple[Any, ...],
    place: str,
    when: str,
    only: str,
) -> None:
    os.environ.update(environment)
    owner, _, name = place.rpartition(".")
    method = getattr(pkgutil.resolve_name(owner), name)

    def last(*args: Any, **kwargs: Any) -> Any:
        dies = only in repr(args)
        if dies and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = method(*args, **kwargs)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(pkgutil.resolve_name(owner), name, last)
    pkgutil.resolve_name(function)(*arguments)
