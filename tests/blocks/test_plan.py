"""Plans of objects that are missing, different, equal or skipped."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from blocks.managed_object import ManagedObject, SkippedObject
from blocks.plan import Action, BlocksPlan
from utils.reports.differences import Fields

SERVER: Any = SimpleNamespace(api_url="http://127.0.0.1:4200/api/")


@dataclass
class FakeObject(ManagedObject):
    """An object whose current fields are given. It records the calls that change it."""

    title: str
    current: Fields | None
    calls: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"object {self.title}"

    @property
    def wanted(self) -> Fields:
        return {"size": 2, "usual": 1}

    @property
    def defaults(self) -> Fields:
        return {"size": 1, "usual": 1, "removed": 1}

    @property
    def public_fields(self) -> re.Pattern[str]:
        return re.compile("size")

    def find(self, server: Any) -> Fields | None:
        return self.current

    def create(self, server: Any) -> None:
        self.calls.append("create")

    def update(self, server: Any) -> None:
        self.calls.append("update")


@pytest.fixture
def objects() -> list[FakeObject]:
    return [
        FakeObject("new", None),
        FakeObject("other", {"size": 9, "usual": 1}),
        FakeObject("equal", {"size": 2, "usual": 1}),
    ]


def plan_of(objects: list[FakeObject]) -> BlocksPlan:
    return BlocksPlan.of([*objects, SkippedObject("object x", "not used")], SERVER)


def test_a_plan_changes_nothing(objects):
    plan = plan_of(objects)
    assert [step.action for step in plan.steps] == [*Action][:-1]  # no deletion
    assert not any(each.calls for each in objects)


def test_only_what_differs_is_changed(objects):
    done = plan_of(objects).carry_out(SERVER)
    assert [each.calls for each in objects] == [["create"], ["update"], []]
    assert done.summary.startswith("Done for http://127.0.0.1:4200/api: 1 created")


def test_lines_for_a_log(objects):
    assert str(plan_of(objects)) == """\
object new: create
  size: 2
object other: update
  size: 9 -> 2
object equal: unchanged
object x: skipped
  not used
Plan for http://127.0.0.1:4200/api: 1 create, 1 update, 1 unchanged, 1 skipped"""


def test_a_table_for_a_terminal(objects):
    console = Console(width=100, file=StringIO())
    console.print(plan_of(objects))
    assert "size: 9 -> 2" in console.file.getvalue()


def test_nothing_to_change(objects):
    assert plan_of(objects[2:]).summary.startswith("Nothing to change on http://127")
