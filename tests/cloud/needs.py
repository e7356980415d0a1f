"""Rights that a call needs: actions on resources, with the values for conditions.

The resources are those of AWS's Service Authorization Reference. An action listed there
without a resource type needs `*`, as does every action of a service unknown here: a
policy that names a resource for it does not allow it, as on AWS. `context.py` has the
values for conditions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterable

from tests.cloud.account import ACCOUNT, REGION, backend
from tests.cloud.call import Call
from tests.cloud.context import context_of, tags_of
from tests.cloud.policies import Context
from tests.cloud.resource_needs import RESOURCES, definition
from tests.cloud.s3_needs import s3_action
from tests.cloud.sessions import DEFAULT_DOCUMENT, document_arn, target_arn
from tests.cloud.tag_needs import tag_needs

Parameters = dict[str, Any]

# IAM's prefixes that differ from botocore's names of services
PREFIXES = {
    "cloudcontrol": "cloudformation",
    "efs": "elasticfilesystem",
    "elbv2": "elasticloadbalancing",
}


@dataclass(frozen=True)
class Need:
    """Right to one action on one resource."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    unless: Need | None = None
    """Right with which this one is not needed."""


def needs(call: Call) -> Iterable[Need]:
    """Yield every right that a call needs, on resources of the call's region."""
    for need in _needs(call):
        yield need if call.region == REGION else _moved(need, call.region)


def _moved(need: Need, region: str) -> Need:
    """Return a need with the resource and the cluster of another region."""
    here, there = f":{REGION}:{ACCOUNT}:", f":{region}:{ACCOUNT}:"
    cluster = str(need.context.get("ecs:cluster", "")).replace(here, there)
    named: Context = {"ecs:cluster": cluster} if cluster else {}
    resource = need.resource.replace(here, there)
    return replace(need, resource=resource, context=need.context | named)


def _needs(call: Call) -> Iterable[Need]:
    action, parameters = call.action, call.parameters
    if (call.service, action) == ("ssm", "StartSession"):
        yield from _session(call)
        return
    find = RESOURCES.get(call.service, lambda *_: [])
    context = context_of(call.service, call.region, parameters)
    prefix = PREFIXES.get(call.service, call.service)
    name = action
    if rename := NAMES.get(call.service):
        name = rename(action, parameters)
    resources = find(action, parameters) or ["*"]
    for resource in resources:
        tags = tags_of(call.service, resource)
        yield Need(f"{prefix}:{name}", resource, context | tags)
    for role, service in _passed_roles(call.service, action, parameters):
        yield Need("iam:PassRole", role, {"iam:PassedToService": service})
    for name, resource, tags in tag_needs(call.service, action, parameters, resources):
        yield Need(name, resource, context | tags)
    if key := _key_of_secret(call.service, action, parameters):
        via = f"secretsmanager.{call.region}.amazonaws.com"
        yield Need("kms:Decrypt", key, {"kms:ViaService": via})
    if view := (parameters.get("Budget") or {}).get("BillingViewArn"):
        yield Need("billing:GetBillingViewData", view, context)


def _session(call: Call) -> Iterable[Need]:
    """Yield the rights to a session's machine or task, and to its document.

    The default document, the shell, needs no right of its own unless every statement that
    allows the target requires the check of documents:
    https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html
    """
    name = call.parameters.get("DocumentName") or DEFAULT_DOCUMENT
    target = target_arn(call.parameters["Target"])
    context = context_of(call.service, call.region, call.parameters)
    context |= tags_of(call.service, target)
    action, check = "ssm:StartSession", "ssm:SessionDocumentAccessCheck"
    checked = context | {check: "true"}
    unchecked = Need(action, target, context | {check: "false"})
    instead = unchecked if name == DEFAULT_DOCUMENT else None
    yield Need(action, target, checked, instead)
    yield Need(action, document_arn(name), {check: "true"}, instead)


def _key_of_secret(service: str, action: str, p: Parameters) -> str:
    """Return the ARN of the account's own key that a secret is encrypted with, if any."""
    if (service, action) != ("secretsmanager", "GetSecretValue"):
        return ""
    secret = backend("secretsmanager").secrets.get(p["SecretId"])
    return getattr(secret, "kms_key_id", None) or ""


def _passed_roles(service: str, action: str, p: Parameters) -> list[tuple[str, str]]:
    """Return the roles that a call passes, and to which service."""
    if service == "cloudformation" and p.get("RoleARN"):
        return [(p["RoleARN"], "cloudformation.amazonaws.com")]
    if service == "events" and action == "PutTargets":
        roles = [target.get("RoleArn") for target in p.get("Targets", [])]
        return [(role, "events.amazonaws.com") for role in roles if role]
    if service != "ecs":
        return []
    given = dict(p)
    if action in ("RunTask", "CreateService", "UpdateService"):
        given = _roles_of_definition(p.get("taskDefinition")) | (
            p.get("overrides") or {}
        )
    roles = [given.get("taskRoleArn"), given.get("executionRoleArn")]
    return [(role, "ecs-tasks.amazonaws.com") for role in roles if role]


def _roles_of_definition(name: str | None) -> Parameters:
    found = definition(name)
    if found is None:
        return {}
    return {
        "taskRoleArn": getattr(found, "task_role_arn", None),
        "executionRoleArn": getattr(found, "execution_role_arn", None),
    }


def _budget_action(operation: str, p: Parameters) -> str:
    """Return IAM's action: one for reading, one for writing, except for tags."""
    if "Resource" in operation:
        return operation
    return "ViewBudget" if operation.startswith("Describe") else "ModifyBudget"


# Services whose actions have other names than their operations.
NAMES: dict[str, Callable[[str, Parameters], str]] = {
    "budgets": _budget_action,
    "s3": s3_action,
}
