"""What differs, in words that show no secret."""

from __future__ import annotations

import re

import pytest
from pydantic import SecretStr

from blocks.differences import differences


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


def test_what_goes_is_told_of_fields_that_are_no_place_for_secrets():
    old = {"tags": ["mine"], "variables": {"key": "sesame"}}
    new = {"tags": [], "variables": {}}
    told = re.compile(r"tags\.\d+")
    assert [str(each) for each in differences(old, new, told)] == [
        "tags.0: mine -> none",
        "variables.key: (not shown) -> none",
    ]


def test_what_takes_the_place_of_a_field_that_holds_others():
    """By hand somebody put a key where a template was."""
    old = {"job_configuration": {"env": {"KEY": "sesame"}}}
    new = {"job_configuration": {"env": "{{ env }}"}}
    assert [str(each) for each in differences(old, new)] == [
        "job_configuration.env: none -> {{ env }}",
        "job_configuration.env.KEY: (not shown) -> none",
    ]
