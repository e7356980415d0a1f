"""Containers of a task: which is essential, which run before it, and what is told of each."""

from __future__ import annotations

from copy import copy
from typing import Any, Iterable

Container = dict[str, Any]


def essential(containers: list[Container]) -> Container:
    """Return the first container whose end is the task's."""
    return next(each for each in containers if each.get("essential", True))


def before(containers: list[Container], container: Container) -> list[Container]:
    """Return the containers on whose success one depends, in the order of their start."""
    named = {each["name"]: each for each in containers}
    found: list[Container] = []
    for dependency in container.get("dependsOn") or []:
        if dependency["condition"] in ("SUCCESS", "COMPLETE"):
            needed = named[dependency["containerName"]]
            found += [*before(containers, needed), needed]
    return found


def override_of(task: Any, name: str) -> Container:
    """Return what RunTask has overridden of a container."""
    overrides: Iterable[Container] = task.overrides.get("containerOverrides", [])
    return next((each for each in overrides if each.get("name") == name), {})


def add_containers(task: Any, containers: list[Container]) -> None:
    """Give a task all its containers: moto gives it the first one."""
    (first,) = task.containers
    task.containers = []
    for each in containers:
        told = copy(first)
        told.name, told.image = each["name"], each["image"]
        told.exitCode = None
        told.runtime_id = f"{task.id}-{len(task.containers)}"
        told.managed_agents = []
        told.task_arn = task.task_arn
        container_arn = f"{task.task_arn}/{told.name}"
        told.container_arn = container_arn.replace(":task/", ":container/")
        task.containers.append(told)
