"""Expected JSON of a plan, made from its expected changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping

from tests.infrastructure.release.edits import Edit, append, replace
from tests.infrastructure.release.repository_of_tests import PRODUCTION

Differences = Mapping[str, tuple[Any, Any]]
"""By field, what it was and what it becomes."""

IN_PRODUCTION = [f"{flow}/production" for flow in PRODUCTION]


@dataclass(frozen=True)
class Expected:
    """Expected changes of a plan. By default there are none."""

    image: tuple[str, ...] = ()
    """The files why there is a new one, and with it each deployment changes."""
    flows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    create: tuple[str, ...] = ()
    update: Mapping[str, Differences] = field(default_factory=dict)
    """Beside the image's name."""
    delete: tuple[str, ...] = ()
    stack: Differences = field(default_factory=dict)
    """Beside the worker's image."""
    worker: bool = False
    """It gets the new image."""
    schedules_removed: tuple[dict[str, Any], ...] = ()


def scheduled(deployment: str, cron: str) -> dict[str, Any]:
    """Return a removed schedule as a plan shows it."""
    when = {"cron": cron, "timezone": "Europe/Berlin", "day_or": True}
    return {"deployment": f"{deployment}/production", **when}


def reached(path: str, *flows: str) -> Expected:
    """Return the changes when one file of the image affects these flows."""
    files = {flow: (path,) for flow in flows}
    of_flows = path.startswith(("flows/", "pipelines/", "sources/", ".dlt/"))
    return Expected(image=(path,), flows=files, worker=not of_flows)


@dataclass(frozen=True)
class Case:
    """An edit of the repository and the plan of its commit."""

    edit: Edit
    expected: Expected = Expected()
    since: str = "house"
    """The commit that production has."""


def touched(path: str, *flows: str) -> Case:
    """Return a case of a changed file that affects these flows."""
    return Case(append(path), reached(path, *flows))


def of_file(flow: str, old: str, new: str, differences: Differences) -> Case:
    """Return a case of an edit of prefect.yaml that changes one flow's deployment."""
    update = {f"{flow}/production": differences}
    return Case(replace("prefect.yaml", old, new), Expected(update=update))


def as_json(expected: Expected, commit: str, tags: tuple[str, str]) -> dict[str, Any]:
    """Return the whole plan.

    Args:
        expected: What it changes.
        commit: Full id of the commit.
        tags: Tags of the images of production and of the commit.
    """
    (of_worker, _), (of_new_worker, _) = (tag.split("-") for tag in tags)
    assert (tags[0] != tags[1]) == bool(expected.image)
    assert (of_worker != of_new_worker) == expected.worker
    old, new = (f"repository:{tag}" for tag in tags)
    of_the_image: Differences = {}
    if expected.image:
        of_the_image = {"job_variables.image": (old, new)}
    kept = [name for name in IN_PRODUCTION if name not in expected.delete]
    update = {name: {**of_the_image, **expected.update.get(name, {})} for name in kept}
    of_the_worker = {"ImageUri": (old, new)} if expected.worker else {}
    stack = {**expected.stack, **of_the_worker}
    changed = {name: found for name, found in update.items() if found}
    return {
        "commit": commit,
        "changes": bool(changed or expected.create or expected.delete or stack),
        "notes": [],
        "objections": [],
        "image": {
            "name": new if expected.image else old,
            "build": bool(expected.image),
            "why": list(expected.image),
        },
        "stack": {
            "name": "data-platform",
            "processor": "X86_64",
            "changes": bool(stack),
            "differences": as_list(stack),
            "resources": None,
        },
        "stacks_by_hand": [],
        "deployments": {
            "create": list(expected.create),
            "update": {name: as_list(found) for name, found in changed.items()},
            "delete": list(expected.delete),
            "unchanged": [name for name in kept if not update[name]],
        },
        "flows": {flow: list(files) for flow, files in expected.flows.items()},
        "schedules_removed": list(expected.schedules_removed),
    }


def as_list(differences: Differences) -> list[dict[str, Any]]:
    return by_field(
        {"field": name, "old": old, "new": new}
        for name, (old, new) in differences.items()
    )


def by_field(differences: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(differences, key=lambda each: each["field"])


def ordered(plan: dict[str, Any]) -> dict[str, Any]:
    """Sort a plan's differences by the names of their fields."""
    plan["stack"]["differences"] = by_field(plan["stack"]["differences"])
    updates = plan["deployments"]["update"]
    updates |= {name: by_field(found) for name, found in updates.items()}
    return plan
