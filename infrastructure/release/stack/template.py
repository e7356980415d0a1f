"""A template of CloudFormation, read as data."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: `!Ref x` as {"Ref": "x"}."""


def _short_form(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short_form)
# `Version: 2012-10-17` is a text for CloudFormation.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_scalar)


@cache
def read_template(text: str) -> dict[str, Any]:
    """Its sections by name. Comments are none of it."""
    return yaml.load(text, _Loader)
