"""Details of a change set: a stack's resources before and after, and causes."""

from __future__ import annotations

import json
import re
from typing import Any, Iterator

from moto.cloudformation import parsing
from moto.cloudformation.parsing import ResourceMap

from tests.cloud.recreation import differences, recreation_of
from tests.cloud.stack_map import KEPT, in_order

KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
SUBSTITUTED = re.compile(r"\$\{(\w+)(?:\.([\w.]+))?\}")
POLICIES = ("CreationPolicy", "DeletionPolicy", "UpdatePolicy", "UpdateReplacePolicy")
ATTRIBUTES = (*POLICIES, "Metadata")
SAME, CHANGED, MAY_MOVE, MOVES = "same", "changed", "may move", "moves"


class Planned:
    """Resource after a change, with moto's interface: what is not known before has a mark."""

    def __init__(self, there: Any, state: str) -> None:
        self._there, self._state = there, state
        self.type = ""

    @property
    def physical_resource_id(self) -> str:
        """Value of Ref."""
        if self._state in (MAY_MOVE, MOVES):
            return KNOWN_LATER
        return self._there.physical_resource_id

    def get_cfn_attribute(self, name: str) -> Any:
        """Return the value of GetAtt."""
        return KNOWN_LATER


def described_changes(
    stack: Any, change_set: Any, exports: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the `Changes` of a change set."""
    return _Comparison(stack, change_set, exports).changes()


def outputs_change(stack: Any, change_set: Any, exports: dict[str, Any]) -> bool:
    """Return whether a change set changes a stack's outputs."""
    return _Comparison(stack, change_set, exports).outputs_change()


class _Comparison:
    """Resources of a stack, and of the template of a change set."""

    def __init__(self, stack: Any, change_set: Any, exports: dict[str, Any]) -> None:
        self.old: dict[str, Any] = stack.template_dict
        self.new: dict[str, Any] = change_set.template_dict
        self.made = stack.resource_map._parsed_resources if self.old else {}
        self.there = list(in_order(stack.resource_map)) if self.old else []
        self.states: dict[str, str] = {}
        self.map: Any = ResourceMap(
            stack.stack_id,
            stack.name,
            change_set.parameters,
            {},
            account_id=stack.account_id,
            region_name=stack.region_name,
            template=self.new,
            cross_stack_resources=exports,
        )
        self.map._resource_json_map = self.new["Resources"]
        self.map.load_mapping()
        self.map.load_parameters()
        self.map.load_conditions()
        before = stack.resource_map.resolved_parameters
        self.parameters = {
            name
            for name, value in self.map.resolved_parameters.items()
            if value != before.get(name)
        }

    def changes(self) -> list[dict[str, Any]]:
        found = [self._change(name) for name in in_order(self.map)]
        wanted = self.states.keys()
        found += [self._removed(name) for name in self.there if name not in wanted]
        return [{"Type": "Resource", "ResourceChange": each} for each in found if each]

    def outputs_change(self) -> bool:
        self.changes()
        old, new = (each.get("Outputs", {}) for each in (self.old, self.new))
        return old != new or any(
            name in self.parameters
            for each in new.values()
            for _, name, _ in _references(each)
        )

    def _change(self, name: str) -> dict[str, Any] | None:
        """Return a resource's change, and note what others then see of it."""
        json_of = self.new["Resources"][name]
        after = self._context(
            json_of, parsing.clean_json(json_of.get("Properties", {}), self.map)
        )
        if name not in self.there:
            self._note(name, MOVES)
            return self._described(name, json_of["Type"], "Add", after=after)
        old = self.old["Resources"][name]
        before = self._context(old, self.made[name].properties)
        details = [
            detail
            for path, one, other in differences([], before, after)
            for detail in self._details(path, one, other, old, json_of)
        ]
        # none of them can be updated by itself
        if all(each["Target"]["Attribute"] in POLICIES for each in details):
            self._note(name, SAME)
            return None
        replacement = _replacement(details)
        state = {"True": MOVES, "Conditional": MAY_MOVE}.get(replacement, CHANGED)
        self._note(name, state)
        found = self._described(
            name, json_of["Type"], "Modify", before=before, after=after
        )
        scope = dict.fromkeys(each["Target"]["Attribute"] for each in details)
        if replacement == "True":
            policy = _policy(json_of.get("UpdateReplacePolicy"))
            found["PolicyAction"] = f"ReplaceAnd{policy}"
        return found | {
            "Replacement": replacement,
            "Scope": list(scope),
            "Details": details,
        }

    def _removed(self, name: str) -> dict[str, Any]:
        old = self.old["Resources"][name]
        before = self._context(old, self.made[name].properties)
        found = self._described(name, old["Type"], "Remove", before=before)
        return found | {"PolicyAction": _policy(old.get("DeletionPolicy"))}

    def _note(self, name: str, state: str) -> None:
        self.states[name] = state
        there = self.made.get(name)
        self.map._parsed_resources[name] = (
            there if state == SAME else Planned(there, state)
        )

    def _context(self, json_of: dict[str, Any], properties: Any) -> dict[str, Any]:
        others = {key: json_of[key] for key in ATTRIBUTES if key in json_of}
        return {"Properties": properties} | others

    def _described(
        self, name: str, kind: str, action: str, **contexts: Any
    ) -> dict[str, Any]:
        physical = self.made[name].physical_resource_id if action != "Add" else None
        return {
            "Action": action,
            "LogicalResourceId": name,
            "PhysicalResourceId": physical,
            "ResourceType": kind,
            "Scope": [],
            "Details": [],
            **{
                f"{when.title()}Context": json.dumps(_as_text(context))
                for when, context in contexts.items()
            },
        }

    def _details(
        self, path: list[str], one: Any, other: Any, old: Any, new: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the details of a property: a direct one, and one for each cause."""
        attribute = path[0]
        target: dict[str, Any] = {"Attribute": attribute, "RequiresRecreation": "Never"}
        if attribute == "Properties" and path[1:2] == ["Tags"]:
            target["Attribute"] = "Tags"
        elif attribute == "Properties":
            target["Name"] = path[1] if path[1:] else None
            target["RequiresRecreation"] = recreation_of(new["Type"], path[1:])
        target |= {"Path": "/" + "/".join(path), "AttributeChangeType": "Modify"}
        for key, value, missing in (
            ("BeforeValue", one, "Add"),
            ("AfterValue", other, "Remove"),
        ):
            if value is None:
                target["AttributeChangeType"] = missing
            else:
                target[key] = (
                    value if isinstance(value, str) else json.dumps(_as_text(value))
                )
        causes = list(self._causes(_at(new, path)))
        yield {
            "Target": target,
            "Evaluation": "Dynamic" if causes else "Static",
            "ChangeSource": "DirectModification",
        }
        for source, entity, evaluation in causes:
            yield {
                "Target": target,
                "Evaluation": evaluation,
                "ChangeSource": source,
                "CausingEntity": entity,
            }

    def _causes(self, node: Any) -> Iterator[tuple[str, str, str]]:
        for function, name, attribute in _references(node):
            state = self.states.get(name, SAME)
            if name in self.parameters:
                yield "ParameterReference", name, "Static"
            elif function == "Ref" and state in (MOVES, MAY_MOVE):
                static = "Static" if state == MOVES else "Dynamic"
                yield "ResourceReference", name, static
            elif function == "GetAtt" and state != SAME:
                static = "Static" if state == MOVES else "Dynamic"
                yield "ResourceAttribute", f"{name}.{attribute}", static


def _replacement(details: list[dict[str, Any]]) -> str:
    """Return AWS's `Replacement`, which depends on the change with the most impact."""
    by_path: dict[str, list[dict[str, Any]]] = {}
    for each in details:
        by_path.setdefault(each["Target"]["Path"], []).append(each)
    found = "False"
    for group in by_path.values():
        asked = group[0]["Target"]["RequiresRecreation"]
        if asked == "Always" and any(g["Evaluation"] == "Static" for g in group):
            return "True"
        if asked != "Never":
            found = "Conditional"
    return found


def _policy(name: str | None) -> str:
    if name in KEPT:
        return "Retain"
    return "Snapshot" if name == "Snapshot" else "Delete"


def _at(node: Any, path: list[str]) -> Any:
    """Return a template's part at a path, or the function that stands there."""
    for part in path:
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, dict) and part in node:
            node = node[part]
        else:
            break
    return node


def _references(node: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the references in a part: `Ref` or `GetAtt`, the name, and the attribute."""
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, dict):
        for key, each in node.items():
            if key == "Ref":
                yield "Ref", each, ""
            elif key == "Fn::GetAtt":
                name, *rest = each if isinstance(each, list) else each.split(".")
                yield "GetAtt", name, ".".join(rest)
            elif key == "Fn::Sub":
                text = each if isinstance(each, str) else each[0]
                for found in SUBSTITUTED.finditer(text):
                    attribute = found[2] or ""
                    yield "GetAtt" if attribute else "Ref", found[1], attribute
                yield from _references(each)
            else:
                yield from _references(each)


def _as_text(value: Any) -> Any:
    """Return data as CloudFormation has it: numbers and truth values are texts."""
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)
