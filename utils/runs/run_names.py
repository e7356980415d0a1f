"""Names of runs, which say what runs and for when: `van since 2024-05-01`.

Prefect asks for a name when a run begins. Until then a scheduled run has a made-up one.
"""

from __future__ import annotations

import inspect
import re
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Callable, Iterator, Mapping

from prefect.client.orchestration import SyncPrefectClient
from prefect.context import FlowRunContext

from utils.redaction.texts import redact
from utils.runs.logging import get_logger

# Those of Prefect's server, `lean-cockatoo`, and of the UI's form, `phi6-hurkos-a`.
MADE_UP = re.compile(r"[a-z]+-[a-z]+|[a-z]+\d+(-[a-z\d]+)+")
LONGEST_NAME = 150
# Loads all that there is, whatever the day.
WITHOUT_DAY = "full_refresh"


def flow_run_name() -> str:
    """Return the name of the flow run that begins, for Prefect's `flow_run_name`.

    A name that somebody gave is kept, such as a chunk's by `backfill`.
    """
    context = FlowRunContext.get()
    assert context and context.flow and context.flow_run, "Prefect asks within a run"
    run = context.flow_run
    if not MADE_UP.fullmatch(run.name):
        return run.name
    try:
        parameters = inspect.signature(context.flow.fn).parameters
        given = {
            name: value
            for name, value in (context.parameters or {}).items()
            if name in parameters and value != parameters[name].default
        }
        name = " ".join([context.flow.name, *_words(given)])
        return _readable(name + _deployment(context))
    except Exception as error:  # a run is not failed by its name
        get_logger().warning("The run keeps its made-up name: %s", error)
        return run.name


def task_run_name(task: str) -> Callable[[], str]:
    """Return a function for Prefect's `task_run_name`.

    Args:
        task: Name of the task, to which the function adds what it runs for.
    """

    # Prefect gives the parameters, but declares its own class for such a function.
    def name(parameters: Mapping[str, Any] = MappingProxyType({})) -> str:
        return _readable(f"{task}: {' '.join(_words(parameters))}")

    return name


def _words(given: Mapping[str, Any]) -> list[str]:
    """Return the parameters that matter, and the day if none of them says when."""
    parameters = {**given, **_days_of_queries(given)}
    words = list(_words_of_parameters(parameters))
    says_when = any(isinstance(each, date) for each in parameters.values())
    if not (says_when or parameters.get(WITHOUT_DAY)):
        words.append(f"{_day()}")
    return words


def _words_of_parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    first, last = parameters.get("first_day"), parameters.get("last_day")
    for name, value in parameters.items():
        words = name.replace("_", " ")
        if first and last and name in ("first_day", "last_day"):
            if name == "first_day":
                yield f"{first}" if first == last else f"{first} to {last}"
        elif isinstance(value, date):
            yield f"{words} {value}"
        elif isinstance(value, str):
            yield value
        elif value is True:
            yield words


def _days_of_queries(given: Mapping[str, Any]) -> dict[str, date]:
    """Return the days among the values of a dict. Its other values may be anything."""
    days = {}
    for value in given.values():
        for name, text in value.items() if isinstance(value, dict) else ():
            try:
                days[str(name)] = date.fromisoformat(text)
            except (TypeError, ValueError):
                continue
    return days


def _day() -> date:
    """Return the day in UTC for which the run was scheduled, today outside of a run."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    expected = run.expected_start_time if run else None
    return (expected or datetime.now(UTC)).astimezone(UTC).date()


def _deployment(context: FlowRunContext) -> str:
    """Return the deployment's name in brackets, unless it is that of its work pool.

    A flow's usual deployment is called as its pool, `production`, and tells nothing.
    """
    run = context.flow_run
    if run is None or run.deployment_id is None:
        return ""
    assert isinstance(
        context.client, SyncPrefectClient
    ), "another only in asynchronous flows"
    name = context.client.read_deployment(run.deployment_id).name
    return "" if name == run.work_pool_name else f" ({name})"


def _readable(name: str) -> str:
    # Prefect's database takes neither a NUL nor half of a character.
    printable = "".join(each if each.isprintable() else " " for each in name)
    line = redact(" ".join(printable.split()))
    return line if len(line) <= LONGEST_NAME else f"{line[:LONGEST_NAME]}..."
