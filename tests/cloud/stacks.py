"""Makes moto's CloudFormation honest: unknown types fail, changes reach what depends on them.

moto leaves out a type that it does not know, and updates only the resources whose own text
changed: a service would stay with the old revision of its task definition. Here an update
compares every resource's properties before and after, in the order of their references.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Callable, Iterator

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import OutputMap, ResourceMap, clean_json

from tests.cloud.account import REGION
from tests.cloud.api import Api
from tests.cloud.stack_resources import Resource, StackType
from tests.cloud.stack_types import TYPES

logger = logging.getLogger(__name__)
SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")


def install(api: Api) -> None:
    """Change moto."""
    known = parsing.resource_class_from_type

    def type_of(name: str) -> Any:
        if name in TYPES:
            return StackType(api, name, TYPES[name])
        return known(name)

    parsing.resource_class_from_type = type_of
    parsing.DEFAULT_REGION = REGION  # of !GetAZs ""
    ResourceMap.update = _update  # type: ignore[method-assign]
    ResourceMap.delete = _delete  # type: ignore[method-assign]
    for name in ("create_stack", "update_stack", "create_change_set"):
        _refuse_unknown_types(name)
    Stack.create_resources = _rolled_back(Stack.create_resources, "CREATE")  # type: ignore[method-assign]
    Stack.update = _rolled_back(Stack.update, "UPDATE")  # type: ignore[method-assign]


def _refuse_unknown_types(operation: str) -> None:
    """As CloudFormation does, before anything is made."""
    original = getattr(CloudFormationBackend, operation)

    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        template = kwargs.get("template") or args[1]
        resources = Stack.parse_template(template).get("Resources", {})
        used = {each["Type"] for each in resources.values()}
        unknown = sorted(used - TYPES.keys() - parsing.get_model_map().keys())
        if unknown:
            raise ValidationError(
                message=f"Template format error: Unrecognized resource types: {unknown}"
            )
        return original(self, *args, **kwargs)

    setattr(CloudFormationBackend, operation, checked)


def _rolled_back(original: Callable[..., None], verb: str) -> Callable[..., None]:
    """As CloudFormation does when a resource fails: the stack's status and event say it."""

    def attempt(stack: Any, *args: Any, **kwargs: Any) -> None:
        before = (stack.template, stack.parameters)
        try:
            original(stack, *args, **kwargs)
        except Exception as error:
            logger.exception("stack %s", stack.name)
            stack._add_stack_event(f"{verb}_FAILED", f"{type(error).__name__}: {error}")
            if verb == "CREATE":
                stack.resource_map.delete()
                stack.resource_map._resource_json_map = {}  # or a look makes them anew
                stack.output_map = OutputMap(stack.resource_map, {}, stack.stack_id)
                stack.status = "ROLLBACK_COMPLETE"
            else:
                original(stack, before[0], parameters=before[1])
                stack.status = "UPDATE_ROLLBACK_COMPLETE"
            stack._add_stack_event(stack.status)

    return attempt


def _update(self: Any, template: dict[str, Any], parameters: Any = None) -> None:
    """Make, change and remove what differs."""
    old, made = self._resource_json_map, self._parsed_resources
    before = {name: _properties(self, old[name]) for name in _existing(self)}
    self._template = template
    if parameters:
        self.input_parameters = parameters
    self.load_mapping()
    self.load_parameters()
    self.load_conditions()
    self._resource_json_map = template["Resources"]
    replaced: list[tuple[Any, dict[str, Any]]] = []
    for name in _in_order(self):
        wanted = self._resource_json_map[name]
        if name not in before:
            self[name]
        elif before[name] != _properties(self, wanted):
            resource = parsing.parse_and_update_resource(
                name, wanted, self, self._account_id, self._region_name
            )
            # moto's types that it cannot change stay as they are
            if resource is not None and resource is not made[name]:
                replaced.append((made[name], old[name] | {"Properties": before[name]}))
                made[name] = resource
    gone = [name for name in before if name not in set(_in_order(self))]
    for name in reversed(gone):
        json = old[name] | {"Properties": before[name]}
        replaced.append((made.pop(name), json))
    for resource, json in replaced:
        _remove(self, resource, json)


def _delete(self: Any) -> None:
    """Remove all, what depends on others first."""
    for name in reversed(list(_in_order(self))):
        if name in self._parsed_resources:
            json = self._resource_json_map[name]
            properties = {"Properties": _properties(self, json)}
            _remove(self, self._parsed_resources[name], json | properties)
            del self._parsed_resources[name]


def _remove(self: Any, resource: Any, json: dict[str, Any]) -> None:
    if json.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"):
        return
    if isinstance(resource, Resource):
        resource.remove(json["Properties"])
    else:
        self._delete_resource(resource, json)


def _existing(self: Any) -> list[str]:
    return [name for name in self._resource_json_map if name in self._parsed_resources]


def _properties(self: Any, json: dict[str, Any]) -> dict[str, Any]:
    return clean_json(json.get("Properties", {}), self)


def _in_order(self: Any) -> Iterator[str]:
    """The resources whose condition holds, each after those that it refers to."""
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
    """The names that a resource's text refers to, whatever their kind."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("Ref", "DependsOn"):
                yield from [each] if isinstance(each, str) else each
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
