"""Reads CloudFormation templates as data."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Mapping

import yaml

Values = Mapping[str, str]
"""Values of a template's parameters by name, and the stack's name as `AWS::StackName`."""
NO_VALUE = {"Ref": "AWS::NoValue"}
SUBSTITUTED = re.compile(r"\$\{([\w:]+)\}")


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


def resources_of(text: str, values: Values) -> dict[str, dict[str, Any]]:
    """Return a template's resources whose condition holds, with parameters filled in.

    References to resources, and to what only AWS knows, stay.
    """
    template = read_template(text)
    conditions = template.get("Conditions", {})

    def filled(node: Any) -> Any:
        if isinstance(node, list):
            return [each for each in map(filled, node) if each != NO_VALUE]
        if not isinstance(node, dict):
            return node
        function, given = next(iter(node.items()), ("", None))
        match function.removeprefix("Fn::") if len(node) == 1 else "", given:
            case "Ref", str(name) if name in values:
                return values[name]
            case "Sub", str(pattern):
                known = SUBSTITUTED.sub(lambda it: values.get(it[1], it[0]), pattern)
                return {"Sub": known} if "${" in known else known
            case "Join", [str(between), [*parts]]:
                joined = [filled(each) for each in parts]
                if all(isinstance(each, str) for each in joined):
                    return between.join(joined)
            case "GetAtt", [*names]:
                return {"GetAtt": ".".join(names)}
            case "Condition", str(name) if name in conditions:
                return filled(conditions[name])
            case "If", [str(name), yes, no]:
                return filled(yes if filled(conditions[name]) else no)
            case "Equals", [one, other]:
                return str(filled(one)) == str(filled(other))
            case "Not", [one]:
                return not filled(one)
            case "And", [*each]:
                return all(map(filled, each))
            case "Or", [*each]:
                return any(map(filled, each))
        parts_of = {
            key.removeprefix("Fn::"): filled(each) for key, each in node.items()
        }
        return {key: each for key, each in parts_of.items() if each != NO_VALUE}

    others = ("Condition", "DependsOn")
    return {
        name: filled({key: each for key, each in resource.items() if key not in others})
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or filled(conditions[resource["Condition"]])
    }
