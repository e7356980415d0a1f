"""Reads CloudFormation templates as data."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """YAML loader for CloudFormation's short forms: `!Ref x` becomes {"Ref": "x"}."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


def _string(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _short_form)
# For CloudFormation `Version: 2012-10-17` is a string.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _string)


@cache
def read_template(text: str) -> dict[str, Any]:
    """Return a template's sections by name, without comments."""
    return yaml.load(text, _Loader)
