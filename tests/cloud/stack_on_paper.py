"""Stack of the fake AWS without resources, which answers what a change would do to it."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any, Mapping

from moto.cloudformation import parsing
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import ResourceMap

from tests.cloud import template_functions
from tests.cloud.account import ACCOUNT, REGION
from tests.cloud.change_details import described_changes
from tests.cloud.stack_map import in_order

NAME = "data-platform"


class OnPaper:
    """Resource that a stack is assumed to have."""

    def __init__(self, name: str, kind: str) -> None:
        self.type = kind
        self.physical_resource_id = f"{NAME}-{name}-1a2b"
        self.properties: Any = {}

    def get_cfn_attribute(self, name: str) -> str:
        """Return the value of GetAtt."""
        return f"{self.physical_resource_id}.{name}"


def changes_on_paper(
    old: str, new: str, before: Mapping[str, str], after: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the `Changes` of a change set.

    Args:
        old: Text of the stack's template.
        new: Text of the change set's template.
        before: Parameters of the stack.
        after: Parameters of the change set.
    """
    _install()
    stack = _stack(old, before)
    change_set = SimpleNamespace(
        template_dict=Stack.parse_template(new), parameters=dict(after)
    )
    return described_changes(stack, change_set, _Exports())


@cache
def _install() -> None:
    template_functions.install()


class _Exports(dict[str, Any]):
    """Outputs of other stacks, each of which is there."""

    def values(self) -> Any:
        return [_Any()]


class _Any:
    value = "imported-1,imported-2"

    @property
    def name(self) -> Any:
        return _Equal()


class _Equal:
    def __eq__(self, other: object) -> bool:
        return True


def _stack(text: str, parameters: Mapping[str, str]) -> Any:
    template = Stack.parse_template(text)
    made: Any = ResourceMap(
        "arn:stack",
        NAME,
        dict(parameters),
        {},
        account_id=ACCOUNT,
        region_name=REGION,
        template=template,
        cross_stack_resources=_Exports(),
    )
    made._resource_json_map = template["Resources"]
    made.load_mapping()
    made.load_parameters()
    made.load_conditions()
    for name in in_order(made):
        json_of = template["Resources"][name]
        resource = OnPaper(name, json_of["Type"])
        resource.properties = parsing.clean_json(json_of.get("Properties", {}), made)
        made._parsed_resources[name] = resource
    return SimpleNamespace(
        stack_id="arn:stack",
        name=NAME,
        template_dict=template,
        resource_map=made,
        account_id=ACCOUNT,
        region_name=REGION,
    )
