"""Change sets as AWS describes them: what happens to each resource, and why.

moto only names the resources. This is made from AWS's documentation of DescribeChangeSet:
values before and after, the cause of each difference, and the replacement, which follows
from the schemas. As on AWS, a change set is void once its stack has been updated.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Callable

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from tests.cloud.change_details import described_changes, outputs_change

AVAILABLE, OBSOLETE = "AVAILABLE", "OBSOLETE"
NO_CHANGE = (
    "The submitted information didn't contain changes. Submit different information to"
    " create a change set."
)
VALUES = ("BeforeValue", "AfterValue", "Path", "AttributeChangeType")
CONTEXTS = ("BeforeContext", "AfterContext")


class InvalidChangeSetStatus(CloudFormationError):
    """Change set that cannot be executed."""

    code = "InvalidChangeSetStatus"


def install() -> None:
    """Change moto."""
    backend: Any = CloudFormationBackend
    backend.create_change_set = _described(backend.create_change_set)
    backend.execute_change_set = _once(backend.execute_change_set)
    backend.update_stack = _overtaking(backend.update_stack)
    response: Any = CloudFormationResponse
    response.describe_change_set = _describe
    # the difference that moto makes knows no parameters
    change_set: Any = ChangeSet
    change_set.diff = lambda self: []


def _described(original: Callable[..., Any]) -> Callable[..., Any]:
    """Describe a change set's changes when it is made."""

    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        made, stack_id = original(self, *args, **kwargs)
        change_set = self.change_sets[made]
        stack = self.stacks[stack_id]
        change_set.changes = described_changes(stack, change_set, self.exports)
        if not change_set.changes and not outputs_change(
            stack, change_set, self.exports
        ):
            change_set.status, change_set.status_reason = "FAILED", NO_CHANGE
            change_set.execution_status = "UNAVAILABLE"
        return made, stack_id

    return create


def _once(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a change set that is not available, and make the stack's others void."""

    def execute(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self.describe_change_set(change_set_name)
        if change_set.execution_status != AVAILABLE:
            raise InvalidChangeSetStatus(
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current"
                f" execution status of [{change_set.execution_status}]"
            )
        _make_void(self, change_set.stack_id)
        original(self, change_set_name=change_set_name, stack_name=stack_name)

    return execute


def _overtaking(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make a stack's change sets void when the stack is updated without them."""

    def update(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        _make_void(self, self.get_stack(name).stack_id)
        return original(self, name, *args, **kwargs)

    return update


def _make_void(backend: Any, stack_id: str) -> None:
    for each in backend.change_sets.values():
        if each.stack_id == stack_id and each.execution_status == AVAILABLE:
            each.execution_status = OBSOLETE


def _describe(self: Any) -> ActionResult:
    """Answer DescribeChangeSet, with values only if the caller asks for them."""
    name = self._get_param("ChangeSetName")
    found = copy(self.cloudformation_backend.describe_change_set(name))
    found.changes = [each["ResourceChange"] for each in found.changes]
    if not self._get_bool_param("IncludePropertyValues", False):
        found.changes = [_without_values(each) for each in found.changes]
    return ActionResult(found)


def _without_values(resource: dict[str, Any]) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    for each in resource["Details"]:
        target = {k: v for k, v in each["Target"].items() if k not in VALUES}
        if each | {"Target": target} not in details:
            details.append(each | {"Target": target})
    kept = {k: v for k, v in resource.items() if k not in CONTEXTS}
    return kept | {"Details": details}
