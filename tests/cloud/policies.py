"""Decisions by IAM's policy documents, as AWS describes their evaluation.

Conditions are evaluated on the values that `needs.py` takes from a call. Any other key
is absent, as on AWS a key that a request lacks: the statement does not apply. Variables in
resources and conditions, such as `${aws:userid}`, are filled in with the same values.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Any, Callable, Iterable

VARIABLE = re.compile(r"\$\{([^}]+)\}")

# A key of some calls has several values, such as the targets of a rule.
Context = dict[str, str | tuple[str, ...]]
Document = dict[str, Any]


class Decision(Enum):
    """Decision of a set of policies on one action on one resource."""

    ALLOWED = "allowed"
    DENIED = "denied"
    SILENT = "silent"


def decide(
    documents: Iterable[Document], action: str, resource: str, context: Context
) -> Decision:
    """Decide on an action: deny beats allow; without an allow it is denied."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in as_list(document["Statement"])
        if _applies(statement, action, resource, context)
    }
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.SILENT


def _applies(statement: Document, action: str, resource: str, context: Context) -> bool:
    if not (filled := _without_variables(statement, context)):
        return False
    statement = filled
    return (
        _listed(statement, "Action", action, ignore_case=True)
        and _listed(statement, "Resource", resource)
        and all(
            _holds(operator, key, as_list(values), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _without_variables(statement: Document, context: Context) -> Document | None:
    """Return a statement with its variables filled in.

    If one has no value, AWS may take the whole statement for invalid: return None.
    """
    resources = as_list(statement.get("Resource", ()))
    conditions = statement.get("Condition", {})
    if set(VARIABLE.findall(f"{resources}{conditions}")) - context.keys():
        return None
    filled = {
        operator: {
            key: [_filled(str(each), context) for each in as_list(values)]
            for key, values in keys.items()
        }
        for operator, keys in conditions.items()
    }
    given: Document = {"Condition": filled} if filled else {}
    if resources:
        given["Resource"] = [_filled(each, context) for each in resources]
    return statement | given


def _filled(text: str, context: Context) -> str:
    return VARIABLE.sub(lambda name: str(context[name[1]]), text)


def _listed(
    statement: Document, element: str, value: str, *, ignore_case: bool = False
) -> bool:
    negated = f"Not{element}" in statement
    patterns = as_list(statement.get(f"Not{element}", statement.get(element, ())))
    return any(_like(value, each, ignore_case) for each in patterns) != negated


def _holds(operator: str, key: str, values: list[Any], context: Context) -> bool:
    """Return whether a condition holds."""
    actual = {k.lower(): v for k, v in context.items()}.get(key.lower())
    if operator == "Null":
        return (actual is None) == (str(values[0]).lower() == "true")
    of_set, _, base = operator.removesuffix("IfExists").rpartition(":")
    if actual is None:
        return (
            operator.endswith("IfExists") or of_set == "ForAllValues" or "Not" in base
        )
    matches = OPERATORS[base.replace("Not", "")]
    held = [
        any(matches(value, str(each)) for each in values) != ("Not" in base)
        for value in ((actual,) if isinstance(actual, str) else actual)
    ]
    return any(held) if of_set == "ForAnyValue" else all(held)


def _like(value: str, pattern: str, ignore_case: bool = False) -> bool:
    return _pattern(pattern, ignore_case).fullmatch(value) is not None


@lru_cache(maxsize=None)
def _pattern(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _same_ignoring_case(value: str, other: str) -> bool:
    return value.lower() == other.lower()


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _same_ignoring_case,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _same_ignoring_case,
}


def as_list(value: Any) -> list[Any]:
    """Return a value that may stand alone in a document as a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
