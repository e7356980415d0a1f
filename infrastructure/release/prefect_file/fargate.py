"""Rules for the task of a production deployment's runs: what AWS Fargate has.

AWS refuses any other task only when a run starts, and so each run would crash.
"""

from __future__ import annotations

import json
from textwrap import shorten
from typing import Any, Iterator, NamedTuple, Sequence

from blocks.ecs_pool import CPU, MEMORY
from utils.aws.fargate import DISK_GIB, MEMORY_BY_CPU

UNITS = {
    "cpu": "CPU units, of which 1024 are one vCPU",
    "memory": "MiB",
    "ephemeral_storage": "GiB",
}
"""Job variables that are numbers, and their units."""
LISTED = 4
"""Number of sizes that a message lists one by one."""


class VariableProblem(NamedTuple):
    """A fault of a job variable."""

    name: str
    text: str


def task_problems(job_variables: dict[str, Any]) -> Iterator[VariableProblem]:
    """Yield the faults of job variables with which no task of Fargate would start.

    Args:
        job_variables: Job variables of a deployment in production.
    """
    yield from _launch_problems(job_variables)
    not_numbers = {each.name: each for each in _not_numbers(job_variables)}
    yield from not_numbers.values()
    if not {"cpu", "memory"} & not_numbers.keys():
        yield from _size_problems(job_variables)
    disk = job_variables.get("ephemeral_storage", DISK_GIB[0])
    if "ephemeral_storage" not in not_numbers and disk not in DISK_GIB:
        yield VariableProblem(
            "ephemeral_storage",
            f"Fargate has no task with `ephemeral_storage: {disk}`. Write"
            f" {DISK_GIB[0]} to {DISK_GIB[-1]} GiB, or remove the line: a task without it"
            " has 20.",
        )


def _launch_problems(job_variables: dict[str, Any]) -> Iterator[VariableProblem]:
    """Yield what would start a task elsewhere than on plain Fargate."""
    refused = {
        "launch_type": job_variables.get("launch_type", "FARGATE") != "FARGATE",
        "capacity_provider_strategy": job_variables.get("capacity_provider_strategy"),
    }
    for name in filter(refused.get, refused):
        yield VariableProblem(
            name,
            f"A task cannot start with `{name}: {_shown(job_variables[name])}`: the cluster"
            " has neither machines nor capacity providers. Remove the line, and it starts"
            " on FARGATE.",
        )


def _not_numbers(job_variables: dict[str, Any]) -> Iterator[VariableProblem]:
    """Yield what is not a whole number, also a number in quotes."""
    for name in filter(job_variables.__contains__, UNITS):
        value = job_variables[name]
        if type(value) is not int:  # True is an instance of int.
            text = f"`{name}` is a whole number of {UNITS[name]}, not {_shown(value)}."
            if isinstance(value, str) and value.strip().isdecimal():
                text += f" Write `{name}: {int(value)}`, without quotes."
            yield VariableProblem(name, text)


def _size_problems(job_variables: dict[str, Any]) -> Iterator[VariableProblem]:
    """Yield a pair of CPU and memory that Fargate does not have."""
    pair = {"cpu": CPU, "memory": MEMORY} | job_variables
    cpu, memory = pair["cpu"], pair["memory"]
    if memory in MEMORY_BY_CPU.get(cpu, ()):
        return
    given = [
        f"`{name}: {pair[name]}`"
        + ("" if name in job_variables else " (the pool's default)")
        for name in ("cpu", "memory")
    ]
    text = f"Fargate has no task of {' with '.join(given)}."
    if cpu not in MEMORY_BY_CPU:
        larger = [each for each in MEMORY_BY_CPU if each > cpu] or [max(MEMORY_BY_CPU)]
        text += f" `cpu` is {_listed([*MEMORY_BY_CPU])}. {_memory_of(larger[0])}"
    else:
        text += f" {_memory_of(cpu)}"
        if fitting := [each for each in MEMORY_BY_CPU if memory in MEMORY_BY_CPU[each]]:
            text += f" `memory: {memory}` goes with `cpu` {_listed(fitting)}."
    is_memory = cpu in MEMORY_BY_CPU and "memory" in job_variables
    yield VariableProblem("memory" if is_memory else "cpu", text)


def _memory_of(cpu: int) -> str:
    """Return a sentence with the sizes of memory that go with a CPU."""
    sizes = MEMORY_BY_CPU[cpu]
    if len(sizes) > LISTED:
        step = sizes[1] - sizes[0]
        of = f"{sizes[0]} to {sizes[-1]} MiB in steps of {step}"
    else:
        of = f"{_listed(sizes)} MiB"
    return f"`cpu: {cpu}` goes with `memory` of {of}."


def _shown(value: Any) -> str:
    return shorten(json.dumps(value), 40)


def _listed(numbers: Sequence[int]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} or {last}" if others else last
