"""The process of a flow run: a flow's module as from a command line, with three changes.

There is one retry, and it comes at once; the run has a tag, if an alert is to know it; and
the source may have a bug. PLANTED_TAGS, PLANTED_BUG and PLANTED_SECRET say which.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any
from unittest.mock import patch

from prefect import Task, tags

from tests.planted.bugs import BUGS

# A function that the source of `hubspot` calls while it is read.
PLACE_OF_BUG = "sources.hubspot.row_of"


def main() -> None:
    name = sys.argv.pop(1)
    module = importlib.import_module(name)
    sys.argv[0] = module.__file__ or name
    for task in vars(module).values():
        if isinstance(task, Task):
            task.retries = min(task.retries, 1)
            task.retry_delay_seconds = [0]
    if bug := os.environ.pop("PLANTED_BUG", ""):
        _break(bug, os.environ.pop("PLANTED_SECRET"))
    with tags(*os.environ.pop("PLANTED_TAGS", "").split()):
        module.run_from_command_line(getattr(module, name.rpartition(".")[2]))


def _break(bug: str, variable: str) -> None:
    def buggy(*_: Any, **__: Any) -> None:
        BUGS[bug](os.environ[variable])

    patch(PLACE_OF_BUG, buggy).start()


if __name__ == "__main__":
    main()
