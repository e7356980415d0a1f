"""Differences between fields, which show no secret."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from utils.reports.differences import differences


@pytest.mark.parametrize(
    "old, new, shown",
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b: 1 -> 2"]),
        ({}, {"a": {"b": "x"}}, ["a.b: none -> x"]),
        ({"a": {"b": "x"}}, {}, ["a.b: (not shown) -> none"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a.1: (not shown) -> none"]),
        ({"a": 0}, {"a": False}, ["a: 0 -> false"]),
        ({"a": {}}, {"a": []}, ["a: {} -> []"]),
        ({"a": {}}, {"a": {"b": "x"}}, ["a.b: none -> x"]),
        ({"a": [1]}, {"a": []}, ["a.0: (not shown) -> none"]),
        ({"a": "x"}, {"a": SecretStr("x")}, []),
        ({"a": "x"}, {"a": SecretStr("y")}, ["a: (secret) -> (secret, differs)"]),
        ({}, {"a": SecretStr("y")}, ["a: none -> (secret)"]),
    ],
)
def test_each_field_that_differs(old, new, shown):
    assert [str(each) for each in differences(old, new)] == shown


def test_an_old_value_is_shown_only_if_it_is_public():
    old = {"tags": ["mine", "x"], "variables": {"key": "sesame", "command": "sesame"}}
    new = {"tags": ["ours"], "variables": {"command": "-"}}
    found = differences(old, new, lambda path, value: path == "tags.0" or value == "x")
    assert [str(each) for each in found] == [
        "tags.0: mine -> ours",
        "variables.command: (not shown) -> -",
        "tags.1: x -> none",
        "variables.key: (not shown) -> none",
    ]


def test_a_value_that_replaces_nested_fields():
    """A person put a key where a template was."""
    old = {"job_configuration": {"env": {"KEY": "sesame"}}}
    new = {"job_configuration": {"env": "{{ env }}"}}
    assert [str(each) for each in differences(old, new)] == [
        "job_configuration.env: none -> {{ env }}",
        "job_configuration.env.KEY: (not shown) -> none",
    ]
