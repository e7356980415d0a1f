"""Identity of callers, and IAM's decision on their calls by identity policies.

Evaluated are a role's inline and managed policies, its permissions boundary, and its trust
in an identity provider's tokens. `event_targets.py` also judges EventBridge, by the policies
of topics and queues. Not evaluated are other resource policies, session policies and other
trust; tests read those as text. The administrator's keys may do anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.cloud.account import ADMINISTRATOR_KEY, CLOUDFORMATION_KEY, arn, backend
from tests.cloud.call import AwsError, Call
from tests.cloud.needs import Need, needs
from tests.cloud.policies import Context, Decision, Document, as_list, decide

# Codes of services that do not answer with AccessDeniedException (400).
REFUSALS = {
    "cloudformation": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "iam": ("AccessDenied", 403),
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "sts": ("AccessDenied", 403),
}
# Allowed to everyone: asking for one's identity, and proving it by a foreign token.
FREE = {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetCallerIdentity"}


@dataclass(frozen=True)
class Caller:
    """Identity of a caller. Without a role it is the account's administrator or AWS."""

    name: str
    arn: str
    role: Any | None = None
    user_id: str = ""
    """Value of `aws:userid`: the role's id, a colon, and the session's name."""


def caller_of(key: str) -> Caller | None:
    """Return the owner of an access key; None if unknown."""
    if key in (ADMINISTRATOR_KEY, CLOUDFORMATION_KEY):
        return Caller(key, arn("iam", f"user/{key}"))
    session = backend("sts").get_assumed_role_from_access_key(key)
    if session is None:
        return None
    name = session.role_arn.rpartition("/")[2]
    return Caller(name, session.arn, role_of(session.role_arn), session.user_id)


def role_of(role_arn: str) -> Any:
    """Return moto's role of this ARN."""
    for role in backend("iam").roles.values():
        if role.arn == role_arn:
            return role
    raise AwsError("NoSuchEntity", f"There is no role {role_arn}.", 404)


def check(call: Call, caller: Caller | None) -> None:
    """Raise an error unless the caller has every right that the call needs."""
    if call.service == "sts" and call.action in FREE:
        if call.action == "AssumeRoleWithWebIdentity":
            _check_token(call.parameters)
        return
    code, status = REFUSALS.get(call.service, ("AccessDeniedException", 400))
    if caller is None:
        message = "The security token included in the request is invalid."
        raise AwsError("UnrecognizedClientException", message, 403)
    if caller.role is None:
        return
    for need in needs(call):
        if need.unless and not _reason_against(caller, need.unless):
            continue
        if reason := _reason_against(caller, need):
            message = (
                f"User: {caller.arn} is not authorized to perform: {need.action} on"
                f" resource: {need.resource} {reason}"
            )
            raise AwsError(code, message, status)


def _check_token(parameters: dict[str, Any]) -> None:
    """Raise an error unless a role trusts a token, which here is its claims as JSON."""
    claims = json.loads(parameters["WebIdentityToken"])
    issuer = claims["iss"].removeprefix("https://")
    context: Context = {f"{issuer}:{name}": str(each) for name, each in claims.items()}
    role = role_of(parameters["RoleArn"])
    action = "sts:AssumeRoleWithWebIdentity"
    trust = role.assume_role_policy_document
    provider = arn("iam", f"oidc-provider/{issuer}")
    if not principal_may(trust, "Federated", provider, action, role.arn, context):
        message = f"Not authorized to perform {action}"
        raise AwsError("AccessDenied", message, 403)


def principal_may(
    policy: str | Document | None,
    kind: str,
    principal: str,
    action: str,
    resource: str,
    context: Context,
) -> bool:
    """Return whether a resource's policy, or a role's trust, lets a principal do this."""
    own = [
        {"Resource": resource} | statement
        for statement in _document(policy or {"Statement": []})["Statement"]
        if principal in as_list(statement["Principal"].get(kind, ()))
    ]
    decision = decide([{"Statement": own}], action, resource, context)
    return decision is Decision.ALLOWED


def role_may(role: Any, need: Need) -> bool:
    """Return whether a role's own policies and its boundary allow an action."""
    return not _reason_against(Caller(role.name, role.arn, role), need)


def _reason_against(caller: Caller, need: Need) -> str | None:
    role: Any = caller.role
    context = need.context | {
        f"aws:PrincipalTag/{each['Key']}": each["Value"] for each in role.tags or []
    }
    context["aws:userid"] = caller.user_id
    decision = decide(_policies(role), need.action, need.resource, context)
    boundary = role.permissions_boundary_arn
    if decision is Decision.ALLOWED and boundary:
        limits = [_attached(backend("iam").managed_policies[boundary])]
        if decide(limits, need.action, need.resource, context) != decision:
            return f"because no permissions boundary allows the {need.action} action"
    if decision is Decision.DENIED:
        return "with an explicit deny in an identity-based policy"
    if decision is Decision.SILENT:
        return f"because no identity-based policy allows the {need.action} action"
    return None


def _policies(role: Any) -> list[Document]:
    inline = [_document(each) for each in role.policies.values()]
    return inline + [_attached(each) for each in role.managed_policies.values()]


def _attached(policy: Any) -> Document:
    (version,) = [each for each in policy.versions if each.is_default]
    return _document(version.document)


def _document(text: str | Document) -> Document:
    return json.loads(text) if isinstance(text, str) else text
