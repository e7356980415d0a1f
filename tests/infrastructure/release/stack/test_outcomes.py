"""What happens to each resource, by a change set and by the schemas, as the table expects."""

from __future__ import annotations

from typing import Iterable

import pytest

from infrastructure.release.stack import IMAGE_PARAMETER, PlatformStack
from infrastructure.release.stack.change_set import read_changes
from infrastructure.release.stack.resource_changes import ResourceChange
from infrastructure.release.stack.template_changes import template_changes
from tests.cloud.stack_on_paper import NAME, changes_on_paper
from tests.infrastructure.release.stack.table_of_changes import (
    CASES,
    PARAMETERS,
    Case,
    Change,
)
from tests.infrastructure.release.stack.test_table_of_changes import read, text_after

WORDS = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "may replace": "may be replaced",
    "delete": "deleted",
}
OLD_ONES = {"": "", "whole": "kept", "snapshot": "snapshot"}
# The table's pages say that they cannot be updated by themselves. The plan tells them.
POLICIES = {"DeletionPolicy", "UpdatePolicy"}
Outcome = tuple[str, str, str, dict[str, str]]


def stack_of(case: Case) -> PlatformStack:
    """Return the stack that a case changes."""
    text = read(case.template)
    made = PlatformStack.made_from(NAME, text, "")
    given = {**PARAMETERS[case.template], **case.parameters}
    kept = {name: made.parameters[name] for name in made.parameters}
    return PlatformStack(NAME, "UPDATE_COMPLETE", text, {**kept, **given})


def found(changes: Iterable[ResourceChange] | None) -> dict[str, Outcome]:
    """Return changes by the resources' names."""
    return {
        each.name: (
            each.type,
            WORDS[each.action],
            OLD_ONES[each.kept],
            {part.path.split(".")[0]: part.recreates for part in each.properties},
        )
        for each in changes or ()
        if not each.properties
        or {part.path.split(".")[0] for part in each.properties} - POLICIES
    }


def expected(changes: Iterable[Change]) -> dict[str, Outcome]:
    """Return the table's changes by the resources' names."""
    return {
        each.name: (
            each.kind,
            each.action,
            each.old_stays,
            {part.path.split(".")[0]: part.recreation for part in each.differences},
        )
        for each in changes
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_by_the_schemas(case: Case):
    stack = stack_of(case)
    image = stack.parameters.get(IMAGE_PARAMETER, "")
    changes = template_changes(stack, text_after(case), image)
    assert found(changes) == expected(case.expected)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_by_a_change_set(case: Case):
    stack, text = stack_of(case), text_after(case)
    values = {**stack.values_of(text), **PARAMETERS[case.template], **case.parameters}
    del values["AWS::StackName"]
    own = {name: stack.parameters[name] for name in stack.parameters}
    before = {
        name: own[name] for name in stack.values_of(stack.template) if name in own
    }
    listed = changes_on_paper(stack.template, text, before, values)
    assert found(read_changes(listed)) == expected(case.expected)
