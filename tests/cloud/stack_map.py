"""Resources of a stack: made, changed and removed in the order of their references.

moto updates only resources whose own text changed: a service would keep the old revision of
its task definition. Here an update compares every resource's properties before and after.
"""

from __future__ import annotations

import re
from typing import Any, Iterator

from moto.cloudformation import parsing
from moto.cloudformation.parsing import ResourceMap

from tests.cloud.stack_resources import Resource

KEPT = ("Retain", "RetainExceptOnCreate")
SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")


def install() -> None:
    """Change moto."""
    resource_map: Any = ResourceMap
    resource_map.update, resource_map.delete = _update, _delete
    # moto reads DependsOn and properties only; CloudFormation also reads metadata
    resource_map._ResourceMap__get_resources_in_dependency_order = in_order


def _update(self: Any, template: dict[str, Any], parameters: Any = None) -> None:
    """Make, change and remove the resources that differ.

    If one fails, the replacements until then are undone; the rest is another update's.
    """
    old, made = self._resource_json_map, self._parsed_resources
    there = [name for name in in_order(self) if name in made]
    self._template = template
    if parameters:
        self.input_parameters = parameters
    self.load_mapping()
    self.resolved_parameters.clear()  # moto keeps those that the template had before
    self.load_parameters()
    self.load_conditions()
    self._resource_json_map = template["Resources"]
    replaced: dict[str, Resource] = {}
    try:
        for name in in_order(self):
            _make(self, name, replaced)
    except Exception:
        for name, resource in reversed(replaced.items()):
            _remove(made[name], self._resource_json_map[name])
            made[name] = resource
        raise
    wanted = set(in_order(self))
    gone = {name: made.pop(name) for name in reversed(there) if name not in wanted}
    for name, resource in replaced.items():
        policy = self._resource_json_map[name].get("UpdateReplacePolicy")
        _remove(resource, {"DeletionPolicy": policy})
    for name, resource in gone.items():
        _remove(resource, old[name])


def _make(self: Any, name: str, replaced: dict[str, Resource]) -> None:
    """Make a resource, or change one that differs, and note what it replaces."""
    made, json = self._parsed_resources, self._resource_json_map[name]
    if name not in made:
        self[name]
        return
    wanted = parsing.clean_json(json.get("Properties", {}), self)
    if made[name].unfinished or made[name].properties != wanted:
        resource = parsing.parse_and_update_resource(
            name, json, self, self._account_id, self._region_name
        )
        if resource is not made[name]:
            replaced[name], made[name] = made[name], resource


def _delete(self: Any, kept: tuple[str, ...] = KEPT) -> None:
    """Remove all resources that can be removed, dependents first."""
    made = self._parsed_resources
    if not hasattr(self, "removing"):  # kept from a failed attempt
        json = self._resource_json_map
        self.removing = {name: json[name] for name in in_order(self) if name in made}
        # a reference to a removed resource would make it again
        self._resource_json_map = {}
    failures = []
    for name in reversed(list(self.removing)):
        try:
            _remove(made[name], self.removing[name], kept)
            del self.removing[name]
        except Exception as error:
            failures.append(f"{name}: {error}")
    if failures:
        raise RuntimeError(" ".join(failures))


def _remove(
    resource: Resource, json: dict[str, Any], kept: tuple[str, ...] = KEPT
) -> None:
    if json.get("DeletionPolicy") not in kept:
        resource.remove()


def in_order(self: Any) -> Iterator[str]:
    """Return resources whose condition holds, each after its references."""
    resources = self._resource_json_map
    seen: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in seen or name not in resources:
            return
        seen.add(name)
        for each in _references(resources[name]):
            yield from visit(each)
        condition = resources[name].get("Condition")
        if not condition or self.lazy_condition_map[condition]:
            yield name

    for name in resources:
        yield from visit(name)


def _references(value: Any) -> Iterator[str]:
    """Return all names to which a resource's text refers."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("Ref", "DependsOn"):
                named = [each] if isinstance(each, str) else each
                # a container depends on another one
                yield from (name for name in named if isinstance(name, str))
            elif key == "Fn::GetAtt":
                yield each[0] if isinstance(each, list) else each.partition(".")[0]
            elif key == "Fn::Sub":
                text = each if isinstance(each, str) else each[0]
                yield from SUBSTITUTED.findall(text)
                yield from _references(each)
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
