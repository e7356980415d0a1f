"""Corrections of moto's CloudFormation: unknown types fail, failures are rolled back."""

from __future__ import annotations

import logging
from typing import Any, Callable

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import OutputMap
from moto.cloudformation.utils import generate_stack_id

from tests.cloud import change_sets, stack_map, template_functions
from tests.cloud.account import backend
from tests.cloud.api import Api
from tests.cloud.stack_map import KEPT
from tests.cloud.stack_resources import StackType
from tests.cloud.stack_types import TYPES

logger = logging.getLogger(__name__)
NEW = ("CREATE_PENDING", "REVIEW_IN_PROGRESS")


def install(api: Api) -> None:
    """Change moto."""
    known = parsing.resource_class_from_type

    def type_of(name: str) -> Any:
        if name in TYPES:
            return StackType(api, name, TYPES[name])
        return known(name)

    parsing.resource_class_from_type = type_of
    template_functions.install()
    stack_map.install()
    cloudformation: Any = CloudFormationBackend
    cloudformation.create_stack = _create_stack
    cloudformation.update_stack = _refused(cloudformation.update_stack)
    cloudformation.create_change_set = _refused(cloudformation.create_change_set)
    cloudformation.execute_change_set = _execute_change_set
    cloudformation.delete_stack = _delete_stack
    change_sets.install()
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


def _refuse_change_in_use(stack: Any, exports: dict[str, Any]) -> None:
    """Refuse to change or delete values that another stack imports."""
    cloudformation = backend("cloudformation")
    own = {
        name: before.value
        for name, before in cloudformation.exports.items()
        if before.exporting_stack_id == stack.stack_id
    }
    for other in cloudformation.stacks.values():
        for name in _imports(other, other.template_dict) & own.keys():
            if name not in exports:
                raise ValidationError(
                    message=f"Export {name} cannot be deleted as it is in use by {other.name}"
                )
            if exports[name].value != own[name]:
                raise ValidationError(
                    message=f"Export {name} cannot be updated as it is in use by {other.name}"
                )


def _imports(stack: Any, part: Any) -> set[str]:
    """Return the names that a part of a stack's template imports."""
    if isinstance(part, list):
        return set().union(*(_imports(stack, each) for each in part))
    if not isinstance(part, dict):
        return set()
    if "Fn::ImportValue" in part:
        return {parsing.clean_json(part["Fn::ImportValue"], stack.resource_map)}
    return set().union(*(_imports(stack, each) for each in part.values()))


def _delete_stack(self: Any, name: str) -> None:
    """Delete a stack. It stays, with a reason, if a resource cannot be deleted."""
    for stack in list(self.stacks.values()):
        if name not in (stack.name, stack.stack_id):
            continue
        try:
            _refuse_change_in_use(stack, {})
        except ValidationError as error:
            stack.status = "DELETE_FAILED"
            stack._add_stack_event(stack.status, str(error.message))
            continue
        for export in stack.exports:
            self.exports.pop(export.name, None)
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
            _refuse_change_in_use(stack, exports)
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
