"""CloudFormation's types of IAM's policies and users."""

from __future__ import annotations

import json

from tests.cloud.api import Api
from tests.cloud.stack_types import Made, Properties, resource_type


def _forget_versions(api: Api, policy: str) -> None:
    """Delete all versions except the default one. A policy may have five."""
    named = {"PolicyArn": policy}
    for version in api.call("iam", "ListPolicyVersions", **named)["Versions"]:
        if not version["IsDefaultVersion"]:
            old = {"VersionId": version["VersionId"]}
            api.call("iam", "DeletePolicyVersion", **named, **old)


def _attach(api: Api, policy: str, roles: set[str], before: set[str]) -> None:
    """Attach a policy to roles, and detach it from those that have it no more."""
    for role in sorted(roles - before):
        api.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=policy)
    for role in sorted(before - roles):
        api.call("iam", "DetachRolePolicy", RoleName=role, PolicyArn=policy)


def _remove_policy(api: Api, made: Made, p: Properties) -> None:
    _attach(api, made.id, set(), made.attributes["Roles"])
    _forget_versions(api, made.id)
    api.call("iam", "DeletePolicy", PolicyArn=made.id)


@resource_type("AWS::IAM::ManagedPolicy", remove=_remove_policy)
def managed_policy(api: Api, name: str, p: Properties, before: Made | None) -> Made:
    """Make a policy, or a further version of one."""
    document = {"PolicyDocument": json.dumps(p["PolicyDocument"])}
    if before:
        named = {"PolicyArn": before.id, "SetAsDefault": True}
        api.call("iam", "CreatePolicyVersion", **named, **document)
        _forget_versions(api, before.id)
    else:
        created = api.call(
            "iam",
            "CreatePolicy",
            PolicyName=p.get("ManagedPolicyName", name),
            Path=p.get("Path"),
            Description=p.get("Description"),
            **document,
        )["Policy"]["Arn"]
        before = Made(created, {"PolicyArn": created, "Roles": set()})
    roles = set(p.get("Roles", []))
    _attach(api, before.id, roles, before.attributes["Roles"])
    before.attributes["Roles"] = roles
    return before


@resource_type(
    "AWS::IAM::User",
    remove=lambda api, made, _: api.call("iam", "DeleteUser", UserName=made.id),
    changes=False,
)
def user(api: Api, name: str, p: Properties, _: Made | None) -> Made:
    name = p.get("UserName", name[:64])
    made = api.call("iam", "CreateUser", UserName=name, Path=p.get("Path"))
    return Made(name, {"Arn": made["User"]["Arn"]})
