"""Corrections of moto's CloudFormation: unknown types fail, dependents are updated.

moto leaves out types that it does not know, and updates only resources whose own text
changed: a service would keep the old revision of its task definition. Here an update
compares every resource's properties before and after, in the order of their references.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Callable, Iterator

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import OutputMap, ResourceMap
from moto.cloudformation.utils import generate_stack_id

from tests.cloud import template_functions
from tests.cloud.account import backend
from tests.cloud.api import Api
from tests.cloud.stack_resources import Resource, StackType
from tests.cloud.stack_types import TYPES

logger = logging.getLogger(__name__)
NEW = ("CREATE_PENDING", "REVIEW_IN_PROGRESS")
KEPT = ("Retain", "RetainExceptOnCreate")
SUBSTITUTED = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")


def install(api: Api) -> None:
    """Change moto."""
    known = parsing.resource_class_from_type

    def type_of(name: str) -> Any:
        if name in TYPES:
            return StackType(api, name, TYPES[name])
        return known(name)

    parsing.resource_class_from_type = type_of
    template_functions.install()
    resource_map: Any = ResourceMap
    resource_map.update, resource_map.delete = _update, _delete
    # moto reads DependsOn and properties only; CloudFormation also reads metadata
    resource_map._ResourceMap__get_resources_in_dependency_order = _in_order
    cloudformation: Any = CloudFormationBackend
    cloudformation.create_stack = _create_stack
    cloudformation.update_stack = _refused(cloudformation.update_stack)
    cloudformation.create_change_set = _refused(cloudformation.create_change_set)
    cloudformation.execute_change_set = _execute_change_set
    cloudformation.delete_stack = _delete_stack
    stack: Any = Stack
    stack.create_resources = _as_its_role(api, _rolled_back(stack.create_resources))
    stack.update = _as_its_role(api, _rolled_back(stack.update))
    stack.delete = _as_its_role(api, _remove_all)


def _create_stack(
    self: Any, name: str, template: str, parameters: Any, **given: Any
) -> Stack:
    """Create a stack as moto does, but export values only after resources exist."""
    if name in [stack.name for stack in self.stacks.values()]:
        raise AlreadyExistsException(f"Stack {name} already exists")
    _refuse_unknown_types(template)
    stack = Stack(
        stack_id=generate_stack_id(name, self.region_name, self.account_id),
        name=name,
        template=template,
        parameters=parameters,
        account_id=self.account_id,
        region_name=self.region_name,
        cross_stack_resources=self.exports,
        **{key: value for key, value in given.items() if key != "template"},
    )
    self.stacks[stack.stack_id] = stack
    stack.create_resources()
    return stack


def _refused(original: Callable[..., Any]) -> Callable[..., Any]:
    """Check the template before an update or a change set starts."""

    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_unknown_types(kwargs["template"])
        return original(self, *args, **kwargs)

    return checked


def _refuse_unknown_types(template: str) -> None:
    resources = Stack.parse_template(template).get("Resources", {})
    used = {each["Type"] for each in resources.values()}
    # moto makes those that only it knows past IAM
    unknown = sorted(used - TYPES.keys())
    if unknown:
        raise ValidationError(
            message=f"Template format error: Unrecognized resource types: {unknown}"
        )


def _execute_change_set(
    self: Any, change_set_name: str, stack_name: str | None = None
) -> None:
    """Execute a change set: update the stack, or fill an empty one."""
    (change_set,) = [
        each
        for each in self.change_sets.values()
        if change_set_name == each.change_set_id
        or (change_set_name, stack_name) == (each.change_set_name, each.stack_name)
    ]
    change_set.execution_status = "EXECUTE_COMPLETE"
    stack = self.stacks[change_set.stack_id]
    stack.resource_map.cross_stack_resources = self.exports
    given = {"parameters": change_set.parameters, "tags": change_set.tags}
    stack.update(change_set.template, change_set.role_arn, **given)


def _delete_stack(self: Any, name: str) -> None:
    """Delete a stack. It stays, with a reason, if a resource cannot be deleted."""
    for stack in list(self.stacks.values()):
        if name not in (stack.name, stack.stack_id):
            continue
        for export in [each.name for each in stack.exports]:
            self.exports.pop(export, None)
        stack.delete()
        if stack.status == "DELETE_COMPLETE":
            self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)


def _remove_all(stack: Any, what: str = "DELETE") -> None:
    """Remove a stack's resources, and record the outcome."""
    try:
        stack.resource_map.delete(KEPT if what == "DELETE" else KEPT[:1])
        stack.status, reason = f"{what}_COMPLETE", None
    except Exception as error:
        logger.exception("stack %s", stack.name)
        stack.status, reason = f"{what}_FAILED", f"{type(error).__name__}: {error}"
    stack.output_map = OutputMap(stack.resource_map, {}, stack.stack_id)
    stack._add_stack_event(stack.status, reason)


def _as_its_role(api: Api, original: Callable[..., None]) -> Callable[..., None]:
    """Run an operation as the stack's role: the given one, or the last one."""

    def attempt(
        stack: Any, *args: Any, role_arn: str | None = None, **kwargs: Any
    ) -> None:
        if args[1:]:
            *args, role_arn = args
        role_arn = role_arn or stack.role_arn
        with api.acting_for(stack.name, role_arn):
            original(stack, *args, **kwargs)
        stack.role_arn = role_arn

    return attempt


def _rolled_back(original: Callable[..., None]) -> Callable[..., None]:
    """Roll back when a resource fails, and record it in the status and events."""

    def attempt(stack: Any, *args: Any, **kwargs: Any) -> None:
        verb = "CREATE" if stack.status in NEW else "UPDATE"
        before = (stack.template, stack.parameters)
        stack._add_stack_event(f"{verb}_IN_PROGRESS")
        try:
            original(stack, *args, **kwargs)
            stack.status = f"{verb}_COMPLETE"
            # moto finds a previous value only if it was given
            declared = stack.template_dict.get("Parameters", {})
            defaults = {k: v["Default"] for k, v in declared.items() if "Default" in v}
            stack.parameters = defaults | stack.parameters
            exports = {export.name: export for export in stack.exports}
            backend("cloudformation").exports.update(exports)
        except Exception as error:
            logger.exception("stack %s", stack.name)
            stack._add_stack_event(f"{verb}_FAILED", f"{type(error).__name__}: {error}")
            if verb == "CREATE":
                _remove_all(stack, "ROLLBACK")
            else:
                original(stack, before[0], parameters=before[1])
                stack.status = "UPDATE_ROLLBACK_COMPLETE"
                stack._add_stack_event(stack.status)

    return attempt


def _update(self: Any, template: dict[str, Any], parameters: Any = None) -> None:
    """Make, change and remove the resources that differ."""
    old, made = self._resource_json_map, self._parsed_resources
    before = _made_of(self)
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
            # resources that moto cannot change are left unchanged
            if resource is not None and resource is not made[name]:
                replaced.append((made[name], old[name] | {"Properties": before[name]}))
                made[name] = resource
    gone = [name for name in before if name not in set(_in_order(self))]
    for name in reversed(gone):
        json = old[name] | {"Properties": before[name]}
        replaced.append((made.pop(name), json))
    for resource, json in replaced:
        _remove(self, resource, json)


def _delete(self: Any, kept: tuple[str, ...] = KEPT) -> None:
    """Remove all resources that can be removed, dependents first."""
    if not hasattr(self, "removing"):  # kept from a failed attempt
        self.removing = {
            name: {**self._resource_json_map[name], "Properties": properties}
            for name, properties in _made_of(self).items()
        }
        # a reference to a removed resource would make it again
        self._resource_json_map = {}
    failures = []
    for name in reversed(list(self.removing)):
        try:
            _remove(self, self._parsed_resources[name], self.removing[name], kept)
            del self.removing[name]
        except Exception as error:
            failures.append(f"{name}: {error}")
    if failures:
        raise RuntimeError(" ".join(failures))


def _made_of(self: Any) -> dict[str, dict[str, Any]]:
    """Return the properties of existing resources, in the order of their references."""
    there = [name for name in _in_order(self) if name in self._parsed_resources]
    return {name: _properties(self, self._resource_json_map[name]) for name in there}


def _remove(
    self: Any, resource: Any, json: dict[str, Any], kept: tuple[str, ...] = KEPT
) -> None:
    if json.get("DeletionPolicy") in kept:
        return
    if isinstance(resource, Resource):
        resource.remove(json["Properties"])
    else:
        self._delete_resource(resource, json)


def _properties(self: Any, json: dict[str, Any]) -> dict[str, Any]:
    return parsing.clean_json(json.get("Properties", {}), self)


def _in_order(self: Any) -> Iterator[str]:
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
