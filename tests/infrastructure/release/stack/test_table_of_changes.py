"""The table of changes fits the templates, and itself."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

from tests.infrastructure.release.stack.table_of_changes import (
    ALWAYS,
    CASES,
    NEVER,
    PARAMETERS,
    Case,
    Change,
)
from tests.repository.tree import ROOT

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@cache
def read(template: str) -> str:
    """Return a template's text."""
    return (ROOT / "infrastructure" / template).read_text()


def load(text: str) -> dict[str, Any]:
    """Return a template as cfn-lint loads it."""
    loaded: dict[str, Any] = cfn_yaml.loads(text)
    return loaded


@cache
def before(template: str) -> dict[str, Any]:
    """Return a template without an edit."""
    return load(read(template))


def text_after(case: Case) -> str:
    """Return a template's text after an edit."""
    text = read(case.template)
    for old, new in case.edit:
        text = text.replace(old, new)
    return text


def action_of(change: Change, replaced: set[str]) -> str:
    """Return what AWS does with a resource of which it knows these differences."""
    static = {
        each.recreation
        for each in change.differences
        if not each.through or replaced.intersection(each.through)
    }
    if ALWAYS in static:
        return "replaced"
    required = {each.recreation for each in change.differences}
    return "updated" if required == {NEVER} else "may be replaced"


@every_case
def test_the_edited_template_is_one_that_cfn_lint_loads(case: Case):
    text = read(case.template)
    assert [text.count(old) for old, _ in case.edit] == [1] * len(case.edit)
    old, new = before(case.template)["Resources"], load(text_after(case))["Resources"]
    for change in case.expected:
        resources = old if change.action == "deleted" else new
        assert resources[change.name]["Type"] == change.kind


def test_each_action_is_that_of_its_differences():
    for name, case in CASES.items():
        names = [change.name for change in case.expected]
        assert len(names) == len(set(names)), name
        sure = {each.name for each in case.expected if each.action == "replaced"}
        for change in case.expected:
            if change.action in ("created", "deleted"):
                assert not change.differences, name
            else:
                assert change.action == action_of(change, sure), name


def test_a_value_that_stays_differs_through_another_resource():
    for name, case in CASES.items():
        names = {change.name for change in case.expected}
        for change in case.expected:
            for each in change.differences:
                assert (each.old == each.new) == bool(each.through), name
                assert names.issuperset(each.through), name


def test_each_stack_has_the_parameters_without_a_default():
    for name, case in CASES.items():
        parameters = before(case.template)["Parameters"]
        given = {**PARAMETERS[case.template], **case.parameters}
        needed = {name for name, each in parameters.items() if "Default" not in each}
        assert needed <= set(given) <= set(parameters), name
